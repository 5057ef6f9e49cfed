//! What mdBook leaves to do on finished pages: scripts that wait for their first use, a description of each page, a map
//! of the site.
//!
//! **Invariant:** what a page says is never changed. A plain `mdbook build` gives the same text, only heavier.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use anyhow::{Context, Result, ensure};
use regex::{Captures, Regex};

/// Scripts that a page can do without at first: what each is for, its file, and the element that needs it at once.
const LATER: [(&str, &str, Option<&str>); 6] = [
    ("search", "elasticlunr", None),
    ("search", "mark", None),
    ("search", "searcher", None),
    ("play", "assets/play", Some("shm-play")),
    ("race", "assets/race", Some("shm-race")),
    ("plot", "assets/plot", Some("shm-plot")),
];
/// So long may a description be, in letters: what a search engine shows of it.
const LONGEST: usize = 155;
/// Pages that no search engine has to know: they are parts or copies of others.
const UNLISTED: [&str; 4] = ["404.html", "print.html", "toc.html", "preface.html"];

static SCRIPT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"<script src="(([a-z/]+)-[^"]*\.js)"></script>"#));
static DESCRIPTION: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"<meta name="description" content="[^"]*">"#));
static FIRST: LazyLock<Regex> = LazyLock::new(|| pattern("(?s)<main>.*?<p>(.*?)</p>"));
static TAG: LazyLock<Regex> = LazyLock::new(|| pattern("<[^>]*>"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern")
}

/// Finishes the pages of a folder. `site` is where they will be published: only then is there a map of them, since a
/// map names whole addresses.
///
/// # Errors
///
/// A page is not what mdBook makes, or a file cannot be written.
pub fn finish(folder: &Path, site: Option<&str>) -> Result<()> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".html") && name != "toc.html" {
            let path = folder.join(&name);
            let page = fs::read_to_string(&path)?;
            fs::write(&path, finished(&page).with_context(|| name.clone())?)?;
            names.push(name);
        }
    }
    names.sort();
    if let Some(site) = site.filter(|site| site.starts_with("http")) {
        fs::write(folder.join("sitemap.xml"), sitemap(site, &names))?;
    }
    Ok(())
}

fn finished(page: &str) -> Result<String> {
    let page = described(page);
    let mut waiting = 0;
    let page = SCRIPT.replace_all(&page, |found: &Captures<'_>| {
        let (whole, address, file) = (&found[0], &found[1], &found[2]);
        let Some((group, _, needs)) = LATER.iter().find(|(_, name, _)| *name == file) else {
            return whole.to_owned();
        };
        waiting += 1;
        if needs.is_some_and(|element| has(&page, element)) {
            return whole.to_owned();
        }
        format!("<script type=\"text/plain\" data-later=\"{group}\" data-src=\"{address}\"></script>")
    });
    ensure!(waiting == LATER.len(), "{waiting} of {} scripts that may wait are on the page", LATER.len());
    Ok(page.into_owned())
}

/// Whether an element is on the page; `shm-player` is no `shm-play`.
fn has(page: &str, element: &str) -> bool {
    [" ", ">"].iter().any(|behind| page.contains(&format!("<{element}{behind}")))
}

/// The first paragraph of a page describes it better than one sentence for all pages.
fn described(page: &str) -> String {
    let Some(first) = FIRST.captures(page) else { return page.to_owned() };
    let text = shortened(&TAG.replace_all(&first[1], "").replace('"', "&quot;"));
    let description = format!("<meta name=\"description\" content=\"{text}\">");
    DESCRIPTION.replace(page, |_: &Captures<'_>| description.clone()).into_owned()
}

/// Whole sentences, as many as fit; of one that is longer, whole words.
fn shortened(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (mut told, mut sentences) = (String::new(), 0);
    for word in words {
        if told.len() + word.len() > LONGEST {
            return if sentences > 0 {
                told[..sentences].to_owned()
            } else {
                told.trim_end().to_owned() + " …"
            };
        }
        told += word;
        if word.ends_with(['.', '?', '!']) {
            sentences = told.len();
        }
        told.push(' ');
    }
    told.trim_end().to_owned()
}

fn sitemap(site: &str, names: &[String]) -> String {
    let site = site.trim_end_matches('/');
    let listed = names.iter().filter(|name| !UNLISTED.contains(&name.as_str()));
    let address = |name: &String| match name.as_str() {
        "index.html" => format!("  <url><loc>{site}/</loc></url>\n"),
        other => format!("  <url><loc>{site}/{other}</loc></url>\n"),
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n{}</urlset>\n",
        listed.map(address).collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(main: &str) -> String {
        let scripts: String = LATER
            .iter()
            .map(|(_, file, _)| format!("<script src=\"{file}-0123abcd.min.js\"></script>"))
            .collect();
        format!(
            "<meta name=\"description\" content=\"all\"><main>{main}</main>{scripts}<script src=\"book-1.js\"></script>"
        )
    }

    #[test]
    fn scripts_wait_unless_an_element_needs_them() {
        let told =
            finished(&page("<p>One.</p><shm-race></shm-race><shm-player></shm-player>")).expect("a page");
        assert!(told.contains("<script src=\"assets/race-0123abcd.min.js\">"), "{told}");
        assert!(told.contains("data-later=\"play\" data-src=\"assets/play-0123abcd.min.js\""), "{told}");
        assert!(told.contains("<script src=\"book-1.js\">"), "{told}");
        assert_eq!(told.matches("data-later=\"search\"").count(), 3);
    }

    #[test]
    fn a_page_of_another_mdbook_is_refused() {
        let changed = page("<p>One.</p>").replace("searcher", "finder");
        assert!(finished(&changed).expect_err("no searcher").to_string().contains("5 of 6"));
    }

    #[test]
    fn the_first_paragraph_describes_the_page() {
        let told = described(&page("<h1>A</h1><p>A <em>\"page\"</em> &amp; $1 more.</p><p>No.</p>"));
        assert!(told.contains("content=\"A &quot;page&quot; &amp; $1 more.\""), "{told}");
        let long = format!("Short one. {}", "word ".repeat(60));
        assert_eq!(shortened(&long), "Short one.");
        assert!(shortened(&"word ".repeat(60)).ends_with("word …"));
        assert!(described(&page("<table></table>")).contains("content=\"all\""), "no paragraph");
    }

    #[test]
    fn the_map_has_whole_addresses_of_pages_that_are_no_copies() {
        let names = ["404.html", "index.html", "lesson01.html", "preface.html"].map(str::to_owned);
        let map = sitemap("https://example.org/book/", &names);
        assert!(map.contains("<loc>https://example.org/book/</loc>"), "{map}");
        assert!(map.contains("<loc>https://example.org/book/lesson01.html</loc>"), "{map}");
        assert_eq!(map.matches("<url>").count(), 2, "{map}");
    }
}
