//! Pages are kept one by one: whoever is killed in the middle goes on where it was.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tiff::encoder::TiffEncoder;
use tiff::encoder::colortype::Gray8;

use crate::Promise;
use crate::fakes;
use crate::roles::{How, Parent};

pub(crate) const PROMISES: &[Promise] = &[
    (
        "a_parent_that_is_killed_loses_no_page_and_doubles_none",
        a_parent_that_is_killed_loses_no_page_and_doubles_none,
    ),
    (
        "a_scan_goes_on_at_the_page_at_which_it_was_killed",
        a_scan_goes_on_at_the_page_at_which_it_was_killed,
    ),
];

const PAGES: u32 = 8;

fn a_parent_that_is_killed_loses_no_page_and_doubles_none() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (begun, kept) = (at("begun"), at("kept"));
    // The stand-in notes each page that it begins in the file that the document names.
    std::fs::write(at("document"), format!("{}\n", begun.display())).unwrap();
    let start = || Parent::start(&at("document"), &kept, How::By(fakes::path("recognizes")));
    for least in [2, 5] {
        let mut parent = start();
        wait_for(&kept, least);
        parent.kill();
    }
    assert!(start().ends_well());
    let kept = numbers(&kept);
    assert_eq!(
        kept,
        (1..=PAGES).collect::<Vec<_>>(),
        "none is missing, none doubled"
    );
    let begun = numbers(&begun);
    for page in 1..=PAGES {
        let times = begun.iter().filter(|begun| **begun == page).count();
        assert!(
            (1..=2).contains(&times),
            "page {page} was read {times} times: {begun:?}"
        );
    }
    // Each kill costs the page that was being read, and no other.
    assert!(begun.len() <= PAGES as usize + 2, "{begun:?}");
}

/// The same by real children, which start a stand-in for Tesseract for each page.
fn a_scan_goes_on_at_the_page_at_which_it_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("document"), scan()).unwrap();
    let tesseract = || How::Recognize(fakes::path("tesseract"));
    let start = || Parent::start(&at("document"), &at("kept"), tesseract());
    let mut parent = start();
    wait_for(&at("kept"), 3);
    parent.kill();
    let before = numbers(&at("kept"));
    assert!(before.len() < PAGES as usize, "{before:?}");
    assert!(start().ends_well());
    let kept = numbers(&at("kept"));
    assert_eq!(
        kept,
        (1..=PAGES).collect::<Vec<_>>(),
        "none is missing, none doubled"
    );
}

/// Grey pages.
fn scan() -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut scan = TiffEncoder::new(&mut bytes).unwrap();
    for shade in 0..PAGES as u8 {
        scan.write_image::<Gray8>(64, 64, &[shade; 64 * 64])
            .unwrap();
    }
    bytes.into_inner()
}

fn wait_for(kept: &Path, least: usize) {
    let begun = Instant::now();
    while numbers(&kept.to_path_buf()).len() < least {
        assert!(begun.elapsed() < Duration::from_secs(60), "no pages");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The numbers at the beginning of its lines; a page is kept when its line is whole.
fn numbers(file: &PathBuf) -> Vec<u32> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let whole = text
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'));
    whole
        .map(|line| line.split_whitespace().next().unwrap().parse().unwrap())
        .collect()
}
