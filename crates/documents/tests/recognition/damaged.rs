//! Damaged PDFs: none of them hangs or panics, and most give text.

use dutiful_documents::{Engines, Reading, guides, transcribe_with};

use crate::parts;

/// Numbers that are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most as u64) as usize
    }
}

/// The guide with bytes changed, blocks gone, and cut short.
fn mutated() -> Vec<Vec<u8>> {
    let guide = guides::all()
        .iter()
        .find(|guide| guide.file_name.ends_with(".pdf"));
    let guide = guide.unwrap().bytes;
    let mut dice = Dice(0x5eed_cafe);
    let mut files = Vec::new();
    for round in 0..30 {
        let mut bytes = guide.to_vec();
        for _ in 0..1 << (round % 8) {
            let at = dice.below(bytes.len());
            bytes[at] = dice.below(256) as u8;
        }
        if round % 5 == 0 {
            let at = dice.below(bytes.len() - 400);
            bytes.drain(at..at + dice.below(400));
        }
        files.push(bytes);
    }
    for percent in [20, 40, 60, 80, 95] {
        files.push(guide[..guide.len() * percent / 100].to_vec());
    }
    files.push(b"%PDF-1.7\n".to_vec());
    files.push([b"%PDF-1.7\n".as_slice(), &[0; 5_000]].concat());
    files.push([guide, guide].concat());
    files
}

fn with_text(engines: &Engines) -> usize {
    let files = mutated();
    assert_eq!(files.len(), 38);
    let mut texts = 0;
    for (number, bytes) in files.iter().enumerate() {
        let stops = std::time::Instant::now();
        match transcribe_with(bytes, &Reading::new(engines)) {
            Ok(_) => texts += 1,
            Err(error) => {
                let expected = ["malformed", "no_text", "encrypted"].contains(&error.code());
                assert!(
                    expected || error.code().starts_with("recognition"),
                    "{number}: {error}"
                );
            }
        }
        assert!(stops.elapsed().as_secs() < 60, "{number}");
    }
    texts
}

#[test]
fn damaged_files_give_text_or_a_reason() {
    let alone = with_text(&Engines::none());
    assert!(alone >= 27, "{alone} of 38");
    let Some(engines) = parts::engines() else {
        return;
    };
    let both = with_text(&engines);
    assert!(both >= alone, "{both} of 38 with pdfium, {alone} without");
}
