//! The structures of the manual pages, byte by byte, as Linux lays them out on 64-bit machines.

use super::ty::Ty;

/// A structure: its name, its fields, and how many bytes it takes.
#[derive(Debug)]
pub struct Struct {
    /// As in `struct shmid_ds`, without the `struct`.
    pub name: &'static str,
    /// In order.
    pub fields: &'static [Field],
    /// In bytes, with what is unused at its end.
    pub size: u64,
}

/// A field of a structure.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// At which byte it starts.
    pub offset: u64,
    /// What it holds.
    pub holds: Holds,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub enum Holds {
    /// An integer.
    Integer {
        /// In bytes.
        size: u8,
        /// Whether it can be negative.
        signed: bool,
    },
    /// Another structure.
    Struct(&'static Struct),
}

impl Field {
    /// The field's type.
    pub fn ty(&self) -> Ty {
        match self.holds {
            Holds::Integer { size, signed } => Ty::Integer { size, signed },
            Holds::Struct(inner) => Ty::Struct(inner),
        }
    }
}

impl PartialEq for Struct {
    fn eq(&self, other: &Struct) -> bool {
        self.name == other.name
    }
}

impl Struct {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

const fn signed(name: &'static str, offset: u64, size: u8) -> Field {
    Field { name, offset, holds: Holds::Integer { size, signed: true } }
}

const fn unsigned(name: &'static str, offset: u64, size: u8) -> Field {
    Field { name, offset, holds: Holds::Integer { size, signed: false } }
}

const fn inner(name: &'static str, of: &'static Struct) -> Field {
    Field { name, offset: 0, holds: Holds::Struct(of) }
}

/// Who owns a segment or a set, and who may use it.
pub static IPC_PERM: Struct = Struct {
    name: "ipc_perm",
    fields: &[
        signed("__key", 0, 4),
        unsigned("uid", 4, 4),
        unsigned("gid", 8, 4),
        unsigned("cuid", 12, 4),
        unsigned("cgid", 16, 4),
        unsigned("mode", 20, 4),
        unsigned("__seq", 24, 2),
    ],
    size: 48,
};

/// The kernel's record of a segment.
pub static SHMID_DS: Struct = Struct {
    name: "shmid_ds",
    fields: &[
        inner("shm_perm", &IPC_PERM),
        unsigned("shm_segsz", 48, 8),
        signed("shm_atime", 56, 8),
        signed("shm_dtime", 64, 8),
        signed("shm_ctime", 72, 8),
        signed("shm_cpid", 80, 4),
        signed("shm_lpid", 84, 4),
        unsigned("shm_nattch", 88, 8),
    ],
    size: 112,
};

/// The kernel's record of a set of semaphores.
pub static SEMID_DS: Struct = Struct {
    name: "semid_ds",
    fields: &[
        inner("sem_perm", &IPC_PERM),
        signed("sem_otime", 48, 8),
        signed("sem_ctime", 64, 8),
        unsigned("sem_nsems", 80, 8),
    ],
    size: 104,
};

/// One operation on one semaphore.
pub static SEMBUF: Struct = Struct {
    name: "sembuf",
    fields: &[unsigned("sem_num", 0, 2), signed("sem_op", 2, 2), signed("sem_flg", 4, 2)],
    size: 6,
};

/// A stretch of time.
pub static TIMESPEC: Struct =
    Struct { name: "timespec", fields: &[signed("tv_sec", 0, 8), signed("tv_nsec", 8, 8)], size: 16 };

/// What `IPC_INFO` tells of segments.
pub static SHMINFO: Struct = Struct {
    name: "shminfo",
    fields: &[
        unsigned("shmmax", 0, 8),
        unsigned("shmmin", 8, 8),
        unsigned("shmmni", 16, 8),
        unsigned("shmseg", 24, 8),
        unsigned("shmall", 32, 8),
    ],
    size: 72,
};

/// What `SHM_INFO` tells.
pub static SHM_INFO: Struct = Struct {
    name: "shm_info",
    fields: &[
        signed("used_ids", 0, 4),
        unsigned("shm_tot", 8, 8),
        unsigned("shm_rss", 16, 8),
        unsigned("shm_swp", 24, 8),
        unsigned("swap_attempts", 32, 8),
        unsigned("swap_successes", 40, 8),
    ],
    size: 48,
};

/// What `IPC_INFO` and `SEM_INFO` tell of sets.
pub static SEMINFO: Struct = Struct {
    name: "seminfo",
    fields: &[
        signed("semmap", 0, 4),
        signed("semmni", 4, 4),
        signed("semmns", 8, 4),
        signed("semmnu", 12, 4),
        signed("semmsl", 16, 4),
        signed("semopm", 20, 4),
        signed("semume", 24, 4),
        signed("semusz", 28, 4),
        signed("semvmx", 32, 4),
        signed("semaem", 36, 4),
    ],
    size: 40,
};

/// Every structure that can be declared.
pub static STRUCTS: [&Struct; 8] =
    [&IPC_PERM, &SHMID_DS, &SEMID_DS, &SEMBUF, &TIMESPEC, &SHMINFO, &SHM_INFO, &SEMINFO];
