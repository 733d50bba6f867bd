//! Pictures that state more than they have, that are too large, or that are cut.

use dutiful_documents::{Engines, Reading, engines, transcribe, transcribe_with};

use crate::support::pdf::Picture;
use crate::support::picture::{jpeg, palette_png, png_of_size, tiff, white};

/// A program that would not be found, so that nothing is recognized.
fn without() -> Engines {
    Engines {
        tesseract: Some("/nowhere/tesseract".into()),
        ..Engines::default()
    }
}

/// Engines under which pictures are decoded though nothing may be there to recognize them.
fn code(bytes: &[u8], engines: &Engines) -> &'static str {
    match transcribe_with(bytes, &Reading::new(engines)) {
        Ok(_) => "read",
        Err(error) => error.code(),
    }
}

#[test]
fn pictures_need_recognition_to_be_switched_on() {
    for bytes in [
        palette_png(&white(9, 9)),
        jpeg(&white(9, 9)),
        tiff(&[white(9, 9)]),
    ] {
        let error = transcribe(&bytes, Some("a.txt")).unwrap_err();
        assert_eq!(error.code(), "unsupported_format");
        assert!(error.cause().contains("switched off"), "{error}");
        assert_eq!(code(&bytes, &without()), "recognition_missing");
    }
}

#[cfg(unix)]
#[test]
fn too_many_pixels_are_refused_by_what_the_file_states() {
    let program = crate::stand_in::StandIn::new(crate::stand_in::TELLS_WIDTH);
    let engines = program.engines();
    assert_eq!(
        code(&png_of_size(60_000, 60_000), &engines),
        "picture_limit"
    );
    let mut large = jpeg(&white(16, 16));
    let frame = large
        .windows(2)
        .position(|two| two == [0xff, 0xc0])
        .unwrap();
    large[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]);
    assert_eq!(code(&large, &engines), "picture_limit");
    assert_eq!(program.asked(), Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn a_picture_that_is_cut_or_changed_is_read_or_refused_and_nothing_worse() {
    let program = crate::stand_in::StandIn::new(crate::stand_in::TELLS_WIDTH);
    let engines = program.engines();
    let picture = Picture {
        width: 40,
        height: 30,
        pixels: (0..1_200).map(|at| (at * 7 % 251) as u8).collect(),
    };
    let files = [
        palette_png(&picture),
        jpeg(&picture),
        tiff(&[picture.clone(), picture]),
    ];
    let is_expected = |code| ["read", "malformed", "picture_limit"].contains(&code);
    for (file, bytes) in files.iter().enumerate() {
        for percent in (3..100).step_by(8) {
            let cut = &bytes[..bytes.len() * percent / 100];
            let code = code(cut, &engines);
            assert!(
                is_expected(code) || cut.len() < 9,
                "{file} {percent} %: {code}"
            );
        }
        for at in (9..bytes.len()).step_by(bytes.len() / 12) {
            let mut changed = bytes.clone();
            changed[at] ^= 0x55;
            let code = code(&changed, &engines);
            assert!(is_expected(code), "{file} at {at}: {code}");
        }
    }
}

#[test]
fn the_report_names_what_is_missing_and_how_to_get_it() {
    let missing = Engines {
        pdfium: Some("/nowhere/libpdfium.so".into()),
        ..without()
    };
    let parts = engines::report(&missing);
    let names: Vec<_> = parts.iter().map(|part| part.name).collect();
    assert_eq!(names, ["pdfium", "tesseract"]);
    for (part, fix) in parts
        .iter()
        .zip(["pip install pypdfium2", "apt-get install"])
    {
        assert!(part.problem.as_deref().unwrap().contains(fix), "{part:?}");
        assert_eq!((&part.path, &part.version), (&None, &None));
    }
}
