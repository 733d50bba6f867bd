use super::*;
use dutiful_core::Status;

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

fn rules() -> Rules {
    Rules {
        names: HashMap::from([("send mail".to_owned(), "SendMail".to_owned())]),
        only: Vec::new(),
        clock: WallClock::new("+02:00").unwrap(),
        wall_clock: [true, false],
        scope: StoredScope::Always,
        hold: false,
        payload_bytes_max: 100,
        result_bytes_max: 40,
    }
}

fn old() -> OldRow {
    let hour_ago = NOW.saturating_sub(std::time::Duration::from_secs(3_600));
    OldRow {
        id: 7,
        task_name: Some(b"Greet".to_vec()),
        payload: Some(r#"{ "b": 1.0, "a": "é🚀" }"#.into()),
        payload_bytes: Some(30),
        payload_characters: Some(22),
        status: Some(b"not_started".to_vec()),
        created_at: Some(hour_ago),
        last_run_at: None,
        retries: Some(0),
        max_retries: Some(3),
        error_message: None,
        result: None,
        result_bytes: None,
        now: NOW,
    }
}

fn made(old: &OldRow) -> Made {
    match rules().convert(old) {
        Converted::Row(made) => *made,
        other => panic!("{other:?}"),
    }
}

fn refused(old: &OldRow) -> String {
    match rules().convert(old) {
        Converted::Refused(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_payload_is_made_canonical_and_gets_the_key_of_our_own_submissions() {
    let made = made(&old());
    let payload = r#"{"a":"é🚀","b":1}"#;
    assert_eq!(made.row.payload, payload);
    assert_eq!(made.row.slot, Some(DedupKey::for_payload("Greet", payload)));
    assert_eq!(
        (made.invalid, made.odd_status, made.ahead),
        (None, None, false)
    );
}

#[test]
fn times_of_no_zone_are_read_by_the_clock_that_was_named() {
    let ran = OldRow {
        last_run_at: old().created_at,
        ..old()
    };
    let row = made(&ran).row;
    let two_hours = std::time::Duration::from_secs(7_200);
    assert_eq!(
        row.task.created_at.saturating_add(two_hours),
        ran.created_at.unwrap()
    );
    assert_eq!(
        row.last_run_at, ran.last_run_at,
        "a TIMESTAMP knows its zone"
    );
    let ahead = OldRow {
        created_at: Some(NOW.saturating_add(3 * two_hours)),
        ..old()
    };
    assert!(made(&ahead).ahead);
}

#[test]
fn names_are_mapped_and_checked() {
    let named = |name: &[u8]| OldRow {
        task_name: Some(name.to_vec()),
        ..old()
    };
    assert_eq!(made(&named(b"send mail")).row.task_name, "SendMail");
    assert!(refused(&named(b"send  mail")).contains("byte 4"));
    assert!(refused(&named(b"\xff")).contains("task name"));
    assert!(
        refused(&OldRow {
            task_name: None,
            ..old()
        })
        .contains("NULL")
    );
    for id in [0, -3] {
        assert!(refused(&OldRow { id, ..old() }).contains("begin at 1"));
    }
    let only = Rules {
        only: vec!["Other".to_owned()],
        ..rules()
    };
    assert!(matches!(only.convert(&old()), Converted::NotAskedFor));
}

#[test]
fn a_payload_that_breaks_a_rule_ends_as_invalid_with_what_was_there() {
    let too_deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
    for (payload, why) in [
        (Some(b"{'a': 1}".to_vec()), "not JSON"),
        (Some(too_deep.into_bytes()), "deeper"),
        (Some(b"[1234567890123456789012345]".to_vec()), "integer"),
        (Some(br#"{"a":1,"a":2}"#.to_vec()), "twice"),
        (Some(b"\"\xff\"".to_vec()), "not UTF-8"),
        (
            Some(format!("\"{}\"", "x".repeat(200)).into_bytes()),
            "larger than 100",
        ),
        (None, "too large to be read"),
    ] {
        let row = OldRow { payload, ..old() };
        let made = made(&row);
        assert!(
            made.invalid.as_ref().unwrap().contains(why),
            "{:?}",
            made.invalid
        );
        assert_eq!(made.row.task.error_kind, Some(ErrorKind::InvalidPayload));
        assert_eq!(
            (made.row.slot, made.row.error_message),
            (None, made.invalid)
        );
        match row.payload {
            Some(bytes) if bytes.len() <= 100 => {
                assert_eq!(made.row.payload, String::from_utf8_lossy(&bytes));
            }
            _ => assert_eq!(made.row.payload, r#"{"not_adopted":{"bytes":30}}"#),
        }
    }
    let nothing = OldRow {
        payload: None,
        payload_bytes: None,
        status: Some(b"success".to_vec()),
        ..old()
    };
    let made = made(&nothing);
    assert_eq!(made.row.task.status, Status::Success, "its work is done");
    assert!(made.invalid.unwrap().contains("NULL"));
}

#[test]
fn a_result_is_json_or_becomes_a_string_and_one_too_large_is_left() {
    for (result, stored) in [
        ("{\"a\": 1}", Some("{\"a\": 1}")),
        ("done é", Some("\"done é\"")),
        ("", Some("\"\"")),
    ] {
        let row = OldRow {
            result: Some(result.into()),
            ..old()
        };
        assert_eq!(made(&row).row.result.as_deref(), stored);
    }
    for result in [Some("y".repeat(41).into_bytes()), None] {
        let row = OldRow {
            result,
            result_bytes: Some(41),
            ..old()
        };
        let made = made(&row);
        assert_eq!(made.row.result, None);
        assert!(made.result_left.unwrap().contains("too large"));
    }
}

#[test]
fn a_status_that_means_nothing_is_kept_in_words() {
    for (status, word) in [(Some(""), "''"), (Some("busy"), "'busy'"), (None, "NULL")] {
        let row = OldRow {
            status: status.map(Into::into),
            ..old()
        };
        let made = made(&row);
        assert_eq!(made.odd_status.as_deref(), Some(word));
        assert!(made.row.error_message.unwrap().contains(word));
    }
}

#[test]
fn anything_that_changes_what_a_row_becomes_changes_its_print() {
    let first = made(&old()).row.made_from;
    let changes: [fn(&mut OldRow); 9] = [
        |row| row.payload = Some(b"{}".to_vec()),
        |row| row.status = Some(b"error".to_vec()),
        |row| row.status = None,
        |row| row.created_at = None,
        |row| row.last_run_at = Some(NOW),
        |row| row.retries = Some(1),
        |row| row.max_retries = Some(4),
        |row| row.error_message = Some(b"x".to_vec()),
        |row| row.result = Some(b"1".to_vec()),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let mut row = old();
        change(&mut row);
        assert_ne!(made(&row).row.made_from, first, "change {index}");
    }
    let later = OldRow {
        now: NOW.saturating_add(std::time::Duration::from_secs(9)),
        ..old()
    };
    assert_eq!(
        made(&later).row.made_from,
        first,
        "time alone changes nothing"
    );
}
