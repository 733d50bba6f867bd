//! The model on this machine: what its vectors mean, and what is said when a part of it is missing.

use std::fs;
use std::path::{Path, PathBuf};

use dutiful_documents::embed::{
    EmbedError, Embedded, Embedder, OnnxEmbedder, OnnxSettings, Purpose, Remedy,
};
use tempfile::TempDir;

use crate::dot;
use crate::parts::part;

fn settings() -> Option<OnnxSettings> {
    let (folder, library) = (part("DUTIFUL_EMBED_MODEL")?, part("DUTIFUL_ONNXRUNTIME")?);
    let mut settings = OnnxSettings::new(folder);
    settings.library = Some(library);
    settings.threads = Some(1);
    Some(settings)
}

async fn embed(embedder: &OnnxEmbedder, texts: &[&str]) -> Vec<Result<Embedded, EmbedError>> {
    embedder.embed(Purpose::Passage, texts).await
}

async fn vectors(embedder: &OnnxEmbedder, texts: &[&str]) -> Vec<Vec<f32>> {
    let all = embed(embedder, texts).await;
    all.into_iter().map(|one| one.unwrap().vector).collect()
}

/// Cosines to "A man is eating food.", as the original of this model has them.
const COSINES: [(&str, f32); 5] = [
    ("A man is eating a piece of bread.", 0.754),
    ("Someone is having a meal", 0.685),
    ("A cheetah is running behind its prey.", 0.137),
    ("The girl is carrying a baby.", -0.106),
    ("Database migrations roll the schema back", -0.056),
];

#[tokio::test]
async fn vectors_are_those_of_the_model() {
    let Some(settings) = settings() else { return };
    let embedder = OnnxEmbedder::load(&settings).unwrap();
    let model = embedder.model();
    assert_eq!((model.dimensions, model.max_tokens), (384, 254));
    assert_eq!(model.revision.len(), 16);
    let mut texts = vec!["A man is eating food."];
    texts.extend(COSINES.iter().map(|(text, _)| *text));
    let all = vectors(&embedder, &texts).await;
    for ((text, expected), vector) in COSINES.iter().zip(&all[1..]) {
        let cosine = dot(&all[0], vector);
        assert!(
            (cosine - expected).abs() < 0.02,
            "{text}: {cosine}, not {expected}"
        );
    }
    for (text, vector) in texts.iter().zip(&all) {
        assert!((dot(vector, vector) - 1.0).abs() < 1e-5);
        // Alone as among others.
        let alone = vectors(&embedder, &[text]).await;
        assert!(dot(&alone[0], vector) > 0.99999, "{text}");
    }
    // Another embedder of the same files is the same model.
    let again = OnnxEmbedder::load(&settings).unwrap();
    assert_eq!(again.model(), model);
}

#[tokio::test]
async fn any_text_has_a_vector_or_an_error_of_its_own() {
    let Some(settings) = settings() else { return };
    let embedder = OnnxEmbedder::load(&settings).unwrap();
    let words = "word ".repeat(254);
    let (long, longer) = (format!("{words}again"), "word ".repeat(1_000_000));
    let one_word = "x".repeat(1_000_000);
    let texts = [
        "👩‍👩‍👧 🦀",
        "\u{202e}desrever \u{0}\u{1}\u{feff}",
        "日本語のテキスト",
        "e\u{301}\u{301}\u{301}\u{301}",
        "[CLS] [SEP] [PAD] [MASK] [UNK]",
        &words,
        &long,
        &longer,
        &one_word,
        "",
        " \n\t",
    ];
    let all = embed(&embedder, &texts).await;
    for (at, one) in all.iter().enumerate() {
        match (at, one) {
            (9.., Err(error)) => {
                assert_eq!(
                    (error.code(), error.remedy()),
                    ("empty_text", Remedy::Final)
                );
            }
            (..9, Ok(embedded)) => {
                assert_eq!(embedded.vector.len(), 384);
                assert_eq!(embedded.cut, (6..9).contains(&at), "{at}");
                assert!(embedded.tokens.unwrap() <= 256);
            }
            _ => panic!("{at}: {one:?}"),
        }
    }
    let whole = all[5].as_ref().unwrap();
    assert_eq!(whole.tokens, Some(256));
    // What is cut is as if the rest had never been there.
    assert!(dot(&whole.vector, &all[6].as_ref().unwrap().vector) > 0.9999);
}

/// A copy of the model's folder, to take something away from.
fn copy(from: &Path) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("1_Pooling")).unwrap();
    for name in [
        "tokenizer.json",
        "config.json",
        "sentence_bert_config.json",
        "modules.json",
    ] {
        fs::copy(from.join(name), folder.path().join(name)).unwrap();
    }
    fs::copy(
        from.join("1_Pooling/config.json"),
        folder.path().join("1_Pooling/config.json"),
    )
    .unwrap();
    // The model is large, and is not changed.
    fs::hard_link(from.join("model.onnx"), folder.path().join("model.onnx"))
        .or_else(|_| fs::copy(from.join("model.onnx"), folder.path().join("model.onnx")).map(drop))
        .unwrap();
    folder
}

fn refused(settings: &OnnxSettings, code: &str, part: &str) {
    let error = OnnxEmbedder::load(settings).unwrap_err();
    assert_eq!(
        (error.code(), error.remedy()),
        (code, Remedy::Final),
        "{error}"
    );
    assert!(error.cause().contains(part), "{error}");
    assert!(!error.fix().is_empty());
}

#[tokio::test]
async fn a_folder_with_the_bare_minimum_is_taken_as_the_usual_model() {
    let Some(mut settings) = settings() else {
        return;
    };
    let whole = OnnxEmbedder::load(&settings).unwrap();
    let folder = copy(&settings.folder);
    for name in [
        "config.json",
        "sentence_bert_config.json",
        "modules.json",
        "1_Pooling/config.json",
    ] {
        fs::remove_file(folder.path().join(name)).unwrap();
    }
    // As other exports lay it out.
    fs::create_dir(folder.path().join("onnx")).unwrap();
    fs::rename(
        folder.path().join("model.onnx"),
        folder.path().join("onnx/model.onnx"),
    )
    .unwrap();
    settings.folder = folder.path().to_owned();
    settings.name = Some("bare".to_owned());
    let bare = OnnxEmbedder::load(&settings).unwrap();
    assert_eq!(
        (bare.model().name.as_str(), bare.model().max_tokens),
        ("bare", 254)
    );
    let [a, b] = [&whole, &bare].map(|embedder| embedder.model().revision.clone());
    assert_ne!(a, b, "the files differ");
    let texts = ["the same text"];
    let (a, b) = (vectors(&whole, &texts).await, vectors(&bare, &texts).await);
    assert!(dot(&a[0], &b[0]) > 0.99999);
}

#[tokio::test]
async fn prompts_go_before_queries_and_the_first_token_may_stand_for_all() {
    let Some(mut settings) = settings() else {
        return;
    };
    let plain = OnnxEmbedder::load(&settings).unwrap();
    let folder = copy(&settings.folder);
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write(
        "config_sentence_transformers.json",
        r#"{"prompts": {"query": "query: "}}"#,
    );
    settings.folder = folder.path().to_owned();
    let prompted = OnnxEmbedder::load(&settings).unwrap();
    let asked = prompted
        .embed(Purpose::Query, &["tea"])
        .await
        .remove(0)
        .unwrap()
        .vector;
    let written = vectors(&plain, &["query: tea", "tea"]).await;
    assert!(dot(&asked, &written[0]) > 0.99999);
    assert!(dot(&asked, &written[1]) < 0.999);
    let passage = vectors(&prompted, &["tea"]).await;
    assert!(dot(&passage[0], &written[1]) > 0.99999);

    write(
        "1_Pooling/config.json",
        r#"{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}"#,
    );
    let first = OnnxEmbedder::load(&settings).unwrap();
    assert!(dot(&vectors(&first, &["tea"]).await[0], &passage[0]) < 0.999);
    assert_ne!(first.model().revision, prompted.model().revision);
}

#[test]
fn what_is_missing_or_broken_is_named() {
    let Some(settings) = settings() else { return };
    // The library is loaded once in a process: the right one first, whatever the order of the tests.
    OnnxEmbedder::load(&settings).unwrap();
    let changed = |change: &dyn Fn(&Path)| {
        let folder = copy(&settings.folder);
        change(folder.path());
        let mut settings = settings.clone();
        settings.folder = folder.path().to_owned();
        (folder, settings)
    };
    let mut nowhere = settings.clone();
    nowhere.folder = "/no/such/folder".into();
    refused(&nowhere, "model_unusable", "/no/such/folder");
    for name in ["model.onnx", "tokenizer.json"] {
        let (_folder, missing) = changed(&|at| fs::remove_file(at.join(name)).unwrap());
        refused(&missing, "model_unusable", name);
        let (_folder, broken) = changed(&|at| {
            fs::remove_file(at.join(name)).unwrap();
            fs::write(at.join(name), "rubbish").unwrap();
        });
        refused(&broken, "model_unusable", name);
    }
    for (name, text, part) in [
        ("config.json", "{", "config.json"),
        (
            "sentence_bert_config.json",
            "[]",
            "sentence_bert_config.json",
        ),
        (
            "sentence_bert_config.json",
            r#"{"max_seq_length": 2}"#,
            "no room",
        ),
        (
            "1_Pooling/config.json",
            r#"{"pooling_mode_mean_tokens": false}"#,
            "1_Pooling",
        ),
        (
            "modules.json",
            r#"[{"type": "sentence_transformers.models.Dense"}]"#,
            "Dense",
        ),
        ("modules.json", r#"[{"type": 5}]"#, "modules.json"),
    ] {
        let (_folder, wrong) = changed(&|at| fs::write(at.join(name), text).unwrap());
        refused(&wrong, "model_unusable", part);
    }
    let mut other = settings.clone();
    other.file = Some("onnx/other.onnx".into());
    refused(&other, "model_unusable", "onnx/other.onnx");
    let mut second = settings.clone();
    second.library = Some("libother.so".into());
    refused(&second, "library_unusable", "libother.so");
}

/// In a process of its own for each, since one process loads the library once.
#[test]
fn a_library_that_is_missing_or_another_is_named() {
    let Some(settings) = settings() else { return };
    let variable = "DUTIFUL_TEST_LIBRARY_TO_TRY";
    if let Some(library) = std::env::var_os(variable) {
        let mut settings = settings;
        settings.library = Some(PathBuf::from(&library));
        refused(&settings, "library_unusable", &library.to_string_lossy());
        settings.library = part("DUTIFUL_ONNXRUNTIME");
        match Path::new(&library).exists() {
            // It was tried, and a process tries once.
            true => refused(&settings, "library_unusable", &library.to_string_lossy()),
            false => drop(OnnxEmbedder::load(&settings).unwrap()),
        }
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let rubbish = folder.path().join("libonnxruntime.so");
    fs::write(&rubbish, "rubbish").unwrap();
    let another = part("DUTIFUL_PDFIUM").unwrap_or_else(|| rubbish.clone());
    for library in [Path::new("/no/such/libonnxruntime.so"), &rubbish, &another] {
        let name = "local::a_library_that_is_missing_or_another_is_named";
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        let status = command
            .args(["--exact", name])
            .env(variable, library)
            .status();
        assert!(status.unwrap().success(), "{}", library.display());
    }
}
