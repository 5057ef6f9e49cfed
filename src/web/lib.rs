//! The prompt's session as a WebAssembly module: JSON in, JSON out.
//!
//! A page calls three functions. No bindings generator is needed for them.
//!
//! ```text
//! page: place(length) ─▶ where to write the request
//!       answer()      ─▶ how many bytes the answer has
//!       answered()    ─▶ where to read it
//! ```
//!
//! | module | what lives there |
//! |---|---|
//! | [`talk`] | requests and answers: begin, do a line, complete a word |
//! | [`picture`] | the world as a page draws it |
//! | [`words`] | the world in sentences, for those who do not see the drawing |
//!
//! **Invariant:** one instance of the module holds one session. A request that cannot be read is answered, too, and
//! changes nothing.

pub mod picture;
pub mod talk;
pub mod words;

use std::cell::RefCell;

use talk::Server;

thread_local! {
    static SERVER: RefCell<Server> = RefCell::new(Server::default());
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Makes room for a request of so many bytes. Returns where to write it.
#[unsafe(no_mangle)]
pub extern "C" fn place(length: usize) -> *mut u8 {
    BUFFER.with_borrow_mut(|buffer| {
        buffer.clear();
        buffer.resize(length, 0);
        buffer.as_mut_ptr()
    })
}

/// Answers the request. Returns how many bytes the answer has.
#[unsafe(no_mangle)]
pub extern "C" fn answer() -> usize {
    BUFFER.with_borrow_mut(|buffer| {
        let request = String::from_utf8_lossy(buffer).into_owned();
        *buffer = SERVER.with_borrow_mut(|server| server.answer(&request)).into_bytes();
        buffer.len()
    })
}

/// Where the answer stands, until the next call of [`place`].
#[unsafe(no_mangle)]
pub extern "C" fn answered() -> *const u8 {
    BUFFER.with_borrow(|buffer| buffer.as_ptr())
}
