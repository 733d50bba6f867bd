//! What the texts look like, and that there are few of them.

use super::*;
use dutiful_core::Timestamp;
use std::collections::HashSet;

const INSERT: &str =
    "INSERT INTO t (a, b, c) VALUES {{(?, ?, NULL)}} ON DUPLICATE KEY UPDATE a = a";

fn rows(count: usize) -> Rows {
    let row = |i: usize| vec![Value::from(i as i64), Value::from("x")];
    Rows {
        fixed: vec![],
        rows: (0..count).map(row).collect(),
    }
}

#[test]
fn a_list_becomes_a_power_of_two_of_placeholders() {
    let text = "/* it's ? */ SELECT '?' FROM t WHERE a = ? AND id IN (?) -- why?\n AND `b?` = ?";
    let params = vec![
        Value::from(1),
        Value::from(vec![7_i64, 8, 9]),
        Value::from("z"),
    ];
    let statement = single(Cow::Borrowed(text), params).unwrap();
    assert_eq!(
        statement.text,
        "/* it's ? */ SELECT '?' FROM t WHERE a = ? AND id IN (?, ?, ?, ?) -- why?\n AND `b?` = ?"
    );
    let ints = [1, 7, 8, 9, 9].map(mysql_async::Value::Int);
    assert_eq!(statement.params[..5], ints);
    assert_eq!(statement.params.len(), 6);
}

#[test]
fn lists_that_cannot_work_are_refused_not_sent() {
    let text = || Cow::Borrowed("SELECT 1 FROM t WHERE id IN (?)");
    for list in [vec![], vec![0_i64; 40_000]] {
        let error = single(text(), vec![Value::from(list)]).unwrap_err();
        assert_eq!(error.kind, DbErrorKind::Other, "{error}");
    }
    assert!(single(text(), vec![Value::from(vec![1_i64]), Value::from(1)]).is_err());
}

#[test]
fn rows_are_cut_into_numbers_that_have_a_text() {
    let counts = |all: usize| -> Vec<usize> {
        let statements = batches(Cow::Borrowed(INSERT), rows(all), 1 << 20).unwrap();
        statements.iter().map(|s| s.params.len() / 2).collect()
    };
    assert_eq!(counts(1_000), [1_000]);
    assert_eq!(counts(2_100), [1_000, 1_000, 64, 36]);
    assert_eq!(counts(999), [512, 256, 128, 64, 39]);
    assert_eq!(counts(63), [63]);
    assert_eq!(
        batches(Cow::Borrowed(INSERT), rows(2), 1 << 20).unwrap()[0].text,
        "INSERT INTO t (a, b, c) VALUES (?, ?, NULL), (?, ?, NULL) ON DUPLICATE KEY UPDATE a = a"
    );
}

#[test]
fn all_numbers_of_rows_share_a_few_dozen_texts() {
    let mut texts = HashSet::new();
    for count in 1..=1_100 {
        for statement in batches(Cow::Borrowed(INSERT), rows(count), 1 << 20).unwrap() {
            texts.insert(statement.text);
        }
    }
    assert_eq!(texts.len(), 64 + 3 + 1);
}

#[test]
fn no_part_is_larger_than_the_limit_unless_one_row_is() {
    let row = |size: usize| vec![Value::from("x".repeat(size))];
    let all: Vec<_> = [10, 5000, 10, 10, 900, 10].into_iter().map(row).collect();
    let text = Cow::Borrowed("INSERT INTO t VALUES {{(?)}}");
    let parts = batches(
        text,
        Rows {
            fixed: vec![],
            rows: all,
        },
        1000,
    )
    .unwrap();
    let sizes: Vec<usize> = parts
        .iter()
        .map(|part| part.params.iter().map(convert::size).sum())
        .collect();
    assert!(
        sizes.iter().filter(|size| **size > 1000).count() == 1,
        "{sizes:?}"
    );
    assert_eq!(parts.iter().map(|part| part.params.len()).sum::<usize>(), 6);
}

#[test]
fn a_document_holds_every_kind_of_value() {
    let at = Timestamp::from_micros(1_774_747_800_000_001);
    let row = vec![
        Value::from(-1),
        Value::from("a\"\u{e9}\n"),
        Value::from(vec![0_u8, 255]),
        Value::from(at),
        Value::Text(None),
    ];
    let all = Rows {
        fixed: vec![Value::from(5)],
        rows: vec![row.clone(), row],
    };
    let text = Cow::Borrowed(
        "SELECT a FROM JSON_TABLE(?, '$[*]' COLUMNS (a INT PATH '$[0]')) j WHERE a < ?",
    );
    let parts = batches(text, all, 1 << 20).unwrap();
    let one = r#"[-1,"a\"é\n","00ff","2026-03-29 01:30:00.000001",null]"#;
    let document = mysql_async::Value::Bytes(format!("[{one},{one}]").into_bytes());
    assert_eq!(parts[0].params, [document, mysql_async::Value::Int(5)]);
}

#[test]
fn documents_are_cut_by_size() {
    let text =
        || Cow::Borrowed("SELECT * FROM JSON_TABLE(?, '$[*]' COLUMNS (a INT PATH '$[0]')) j");
    let parts = batches(text(), rows(100), 100).unwrap();
    assert!(parts.len() > 5);
    assert!(
        parts
            .iter()
            .all(|part| convert::size(&part.params[0]) <= 120)
    );
    assert!(batches(text(), rows(0), 100).unwrap().is_empty());
}

#[test]
fn a_statement_is_sorted_by_its_first_word() {
    let sort = |text: &'static str| Statement::command(text).sort();
    for text in [
        "SELECT 1",
        "/* a: b */ insert into t",
        "-- x\n  WITH a AS",
        "(SELECT 1)",
        "",
    ] {
        assert_eq!(sort(text), Sort::Rows, "{text}");
    }
    assert_eq!(sort("COMMIT"), Sort::Command);
    assert_eq!(sort("START TRANSACTION"), Sort::Command);
    for text in ["/* x */ CREATE TABLE t (a INT)", "# y\nALTER TABLE t"] {
        assert_eq!(sort(text), Sort::Schema, "{text}");
    }
}

#[test]
fn a_look_tells_each_server_its_limit_in_its_own_words_and_is_prepared() {
    let text = "/* dutiful.list */ (SELECT a FROM t WHERE a = ?)";
    let limited = |is_mariadb| super::limited(text, Duration::from_secs(5), is_mariadb);
    assert_eq!(
        limited(false),
        "/* dutiful.list */ (SELECT /*+ MAX_EXECUTION_TIME(5000) */ a FROM t WHERE a = ?)"
    );
    assert_eq!(
        limited(true),
        "/* dutiful.list */ SET STATEMENT max_statement_time = 5 FOR (SELECT a FROM t WHERE a = ?)"
    );
    for is_mariadb in [false, true] {
        let statement = single(Cow::Owned(limited(is_mariadb)), vec![Value::from(1)]);
        assert_eq!(statement.unwrap().sort(), Sort::Rows);
    }
}
