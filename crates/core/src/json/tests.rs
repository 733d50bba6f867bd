//! Tests of the canonical form and of the strict reader.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::limits::JSON_DEPTH_MAX;

fn code(text: &str) -> &'static str {
    parse(text).unwrap_err().code()
}

fn rewritten(text: &str) -> String {
    canonical(&parse(text).unwrap()).unwrap()
}

#[test]
fn the_example_of_rfc_8785_comes_out_as_printed_there() {
    let text = r#"{
        "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [null, true, false]
    }"#;
    let expected = concat!(
        r#"{"literals":[null,true,false],"#,
        r#""numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#,
        r#""string":"€$\u000f\nA'B\"\\\\\"/"}"#,
    );
    assert_eq!(rewritten(text), expected);
}

#[test]
fn keys_are_sorted_by_utf_16_code_units() {
    // The example of RFC 8785 3.2.3: by code points, the smiley would come last.
    let text = r#"{"€":1,"\r":2,"\ufb33":3,"1":4,"😀":5,"\u0080":6,"ö":7}"#;
    let expected = "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\u{fb33}\":3}";
    assert_eq!(rewritten(text), expected);
}

#[test]
fn floats_are_written_as_ecmascript_prints_them() {
    for (float, text) in [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (-1.5, "-1.5"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (5e-324, "5e-324"),
        (f64::MAX, "1.7976931348623157e+308"),
        (9007199254740994.0, "9007199254740994"),
        (0.1 + 0.2, "0.30000000000000004"),
    ] {
        assert_eq!(canonical(&json!(float)).unwrap(), text);
        assert_eq!(rewritten(text), text);
    }
}

#[test]
fn integers_of_64_bits_survive_exactly() {
    for text in [
        "9007199254740993",
        "18446744073709551615",
        "-9223372036854775808",
    ] {
        assert_eq!(rewritten(text), text);
    }
    for text in ["-0", "-0.0", "0e7"] {
        assert_eq!(rewritten(text), "0");
    }
}

// The rows of the table of what four JSON column types do to a text.

#[test]
fn key_order_and_spacing_do_not_matter_and_duplicate_keys_are_refused() {
    assert_eq!(
        rewritten("{ \"b\" : [ 1 , 2 ] ,\r\n\t\"a\" : { } }"),
        r#"{"a":{},"b":[1,2]}"#
    );
    let error = parse(r#"{"x":[{"a":1,"b":2,"\u0061":3}]}"#).unwrap_err();
    assert_eq!(
        (error.code(), error.pointer()),
        ("json_duplicate_key", Some("/x/0/a"))
    );
    assert_eq!(error.position(), Some(19));
}

#[test]
fn an_integer_of_30_digits_is_refused() {
    let error = parse(r#"{"n": 123456789012345678901234567890}"#).unwrap_err();
    assert_eq!(
        (error.code(), error.pointer()),
        ("json_integer_too_large", Some("/n"))
    );
    assert_eq!(error.position(), Some(6));
    for text in [
        "18446744073709551616",
        "-9223372036854775809",
        "100000000000000000001",
    ] {
        assert_eq!(code(text), "json_integer_too_large", "{text}");
    }
}

#[test]
fn numbers_beyond_a_float_are_refused() {
    for text in ["1e400", "-1e400", "1e100000", "[1.8e308]"] {
        assert_eq!(code(text), "json_number_out_of_range", "{text}");
    }
    assert_eq!(rewritten("1e-400"), "0");
}

#[test]
fn the_character_u_0000_is_refused_in_strings_and_keys() {
    for text in [r#""a\u0000b""#, r#"{"k\u0000":1}"#] {
        assert_eq!(code(text), "json_nul_character", "{text}");
    }
    for value in [json!(["a\0b"]), json!([{"k\0": 1}])] {
        let error = canonical(&value).unwrap_err();
        assert_eq!(error.code(), "json_nul_character");
        assert_eq!(error.pointer(), Some("/0"));
    }
}

#[test]
fn half_a_surrogate_pair_is_refused() {
    for text in [
        r#""\ud800""#,
        r#""\udc00""#,
        r#""\ud800x""#,
        r#""\ud800\u0041""#,
        r#""\ud83d\""#,
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(
            (error.code(), error.position()),
            ("json_lone_surrogate", Some(1)),
            "{text}"
        );
    }
    assert_eq!(parse(r#""\ud83d\ude00""#), Ok(json!("😀")));
}

#[test]
fn nesting_beyond_the_limit_is_refused_at_any_length() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    // MariaDB counts the innermost value as a level, even when it is missing.
    let deepest = JSON_DEPTH_MAX - 1;
    assert_eq!(rewritten(&nested(deepest)), nested(deepest));
    for depth in [deepest + 1, 33, 101, 20_000] {
        assert_eq!(code(&nested(depth)), "json_too_deep");
        assert_eq!(code(&"{\"a\":".repeat(depth)), "json_too_deep");
    }
    assert_eq!(code(&"[".repeat(100_000)), "json_too_deep");
    let wrapped = |depth| (0..depth).fold(json!(1), |inner, _| json!({ "a": inner }));
    assert!(canonical(&wrapped(deepest)).is_ok());
    assert_eq!(
        canonical(&wrapped(deepest + 1)).unwrap_err().code(),
        "json_too_deep"
    );
}

#[test]
fn nan_empty_text_and_trailing_text_are_refused() {
    for text in [
        "",
        " ",
        "NaN",
        "Infinity",
        "-Infinity",
        "nul",
        "'a'",
        "{a:1}",
        "[1,]",
        "[1 2]",
    ] {
        assert_eq!(code(text), "json_syntax", "{text:?}");
    }
    for text in ["{}{}", "1 x", "null,", "01", "\"a\"b"] {
        assert_eq!(code(text), "json_trailing_text", "{text:?}");
    }
}

#[test]
fn malformed_text_is_refused_at_its_byte() {
    for (text, at) in [
        ("[1,2", 4),
        ("{\"a\"1}", 4),
        ("{\"a\":1 \"b\"}", 7),
        ("{1:2}", 1),
        ("\"abc", 4),
        ("\"a\nb\"", 2),
        ("\"\\x\"", 2),
        ("\"\\u12g4\"", 3),
        ("\"\\u12", 3),
        ("\"\\u+123\"", 3),
        ("-", 1),
        ("1.", 2),
        ("1e+", 3),
        ("[1.e1]", 3),
        ("\"é\\u00é\"", 5),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(
            (error.code(), error.position()),
            ("json_syntax", Some(at)),
            "{text:?}"
        );
    }
    assert_eq!(code("\u{feff}{}"), "json_byte_order_mark");
}

#[test]
fn the_size_limit_counts_bytes_of_the_canonical_text() {
    let value = json!({"k": "éé"});
    assert_eq!(canonical_within(&value, 12).unwrap().len(), 12);
    assert_eq!(
        canonical_within(&value, 11),
        Err(JsonError::TooLarge { limit: 11 })
    );
}

#[test]
fn pointers_escape_keys_and_stay_short() {
    let error = parse(r#"{"a/b~c":{"x":1,"x":2}}"#).unwrap_err();
    assert_eq!(error.pointer(), Some("/a~1b~0c/x"));
    let long = "k".repeat(10_000);
    let error = canonical(&json!({ long: "\0" })).unwrap_err();
    assert!(error.to_string().len() < 500);
}

fn numbers() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-1e22..1e22).prop_map(Value::from),
        (-1000_i32..1000).prop_map(|n| Value::from(f64::from(n))),
    ]
}

fn texts() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|text| text.replace('\0', ""))
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        numbers(),
        texts().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((texts(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Equal as JSON: a float that is a whole number reads back as an integer.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            a == b || (a.is_f64() || b.is_f64()) && a.as_f64() == b.as_f64()
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, a)| b.get(k).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

/// The same value written by another hand: other key order, spacing and escapes.
fn scrambled(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            format!(
                "[ {} ]",
                items.iter().map(scrambled).collect::<Vec<_>>().join(" ,\n")
            )
        }
        Value::Object(members) => {
            let member = |(k, v): (&String, &Value)| format!("{}\t:{}", escaped(k), scrambled(v));
            format!(
                "{{{}}}",
                members
                    .iter()
                    .rev()
                    .map(member)
                    .collect::<Vec<_>>()
                    .join(" , ")
            )
        }
        Value::String(text) => escaped(text),
        other => canonical(other).unwrap(),
    }
}

fn escaped(text: &str) -> String {
    let units: String = text
        .encode_utf16()
        .map(|unit| format!("\\u{unit:04X}"))
        .collect();
    format!("\"{units}\"")
}

proptest! {
    #[test]
    fn canonical_text_reads_back_as_the_same_value_and_text(value in values()) {
        let text = canonical(&value).unwrap();
        let back = parse(&text).unwrap();
        prop_assert!(same(&value, &back), "{} {:?}", text, back);
        prop_assert_eq!(canonical(&back).unwrap(), text.clone());
        let serde: Value = serde_json::from_str(&text).unwrap();
        prop_assert!(same(&serde, &back));
    }

    #[test]
    fn key_order_spacing_and_escapes_leave_no_trace(value in values()) {
        let other = parse(&scrambled(&value)).unwrap();
        prop_assert_eq!(canonical(&other).unwrap(), canonical(&value).unwrap());
    }

    #[test]
    fn different_values_have_different_texts_and_keys(a in values(), b in values()) {
        prop_assume!(!same(&a, &b));
        let (a, b) = (canonical(&a).unwrap(), canonical(&b).unwrap());
        prop_assert_ne!(&a, &b);
        let key = |text| crate::dedup::DedupKey::for_payload("T", text);
        prop_assert_ne!(key(&a), key(&b));
    }

    #[test]
    fn what_is_read_is_what_serde_reads_and_junk_is_refused(
        text in "[\\[\\]{}:,\"\\\\u0-9a-eE+. -]{0,30}|\\PC{0,12}",
    ) {
        if let Ok(value) = parse(&text) {
            let serde: Value = serde_json::from_str(&text).unwrap();
            prop_assert!(same(&serde, &value));
        }
    }
}

#[test]
fn a_wide_object_is_written_in_order() {
    let members: Map<String, Value> = (0..20_000).map(|n| (n.to_string(), json!(n))).collect();
    let text = canonical(&Value::Object(members)).unwrap();
    assert!(text.starts_with(r#"{"0":0,"1":1,"10":10,"100":100,"1000":1000"#));
    assert_eq!(rewritten(&text), text);
}
