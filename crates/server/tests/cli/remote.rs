//! Every command on a server, beside the same command on the server's database.

pub(crate) mod bulk;
mod lost_answer;
mod names;
mod periodic;
pub(crate) mod served;

use super::place::{CONFLICT, NOT_FOUND, Place, UNREACHABLE, USAGE, text};
use serde_json::{Value, json};
use served::{REFUSED, Served};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// Two tasks that were made alike differ in these.
fn alike(mut task: Value) -> Value {
    for field in ["id", "created_at", "due_at", "last_run_at", "finished_at"] {
        if let Some(value) = task.get_mut(field)
            && !value.is_null()
        {
            *value = json!("some");
        }
    }
    task["task_payload"]["message"] = json!("some");
    task
}

fn pairs<'a>(one: &'a Value, other: &'a Value) -> impl Iterator<Item = (&'a Value, &'a Value)> {
    let (one, other) = (one.as_array().unwrap(), other.as_array().unwrap());
    assert_eq!(one.len(), other.len());
    one.iter().zip(other)
}

fn alike_all(answer: &Value) -> Vec<Value> {
    let tasks = answer["tasks"].as_array().unwrap();
    tasks.iter().cloned().map(alike).collect()
}

#[test]
fn commands_that_look_print_the_same_on_a_server() {
    let served = Served::start(&[]);
    let place = &served.place;
    let worker = place.worker(&["--only", "ExampleTask"]);
    let done = place.submit("done");
    let waited = [
        "submit",
        "ExampleTask",
        r#"{"message": "x", "count": 2}"#,
        "--wait",
        "60s",
    ];
    place.json(&waited);
    worker.signal("TERM");
    worker.end();
    place.json(&["submit", "TranscribeDocument", r#"{"path": "missing"}"#]);
    let later = [
        "submit",
        "ExampleTask",
        r#"{"message": "é & ?", "count": 1}"#,
        "--delay",
        "1h",
    ];
    let later = place.json(&later)["id"].to_string();
    let cancelled = place.submit("cancelled");
    served.json(&["cancel", &cancelled]);
    for args in [
        &["list"] as &[&str],
        &["list", "--limit", "2"],
        &["list", "--count", "--name", "ExampleTask"],
        &[
            "list",
            "--name",
            "ExampleTask",
            "--state",
            "scheduled,cancelled",
        ],
        &["list", "--status", "error"],
        &["list", "--text", "é & ?"],
        &["list", "--text", "nowhere"],
        &["show", &done],
        &["show", &later],
        &["explain", &later],
        &["explain", &done],
        &["workers"],
        &["periodic"],
        &["audit"],
        &[
            "audit",
            "--actor",
            "ops",
            "--target",
            &format!("task {cancelled}"),
            "--limit",
            "1",
        ],
        &["delete", &done, "--dry-run"],
        &["openapi"],
    ] {
        served.same(args);
        if args[0] != "openapi" {
            served.same_text(args);
        }
    }
    assert_same_types(&served);
    let page = served.json(&["list", "--limit", "2"]);
    let next = page["next"].as_str().unwrap();
    served.same(&["list", "--limit", "2", "--after", next]);
    assert_same_stats(&served);
}

/// A server knows more of them: what workers have published, and who runs it.
fn assert_same_types(served: &Served) {
    let place = &served.place;
    let (own, remote) = (place.json(&["types"]), served.json(&["types"]));
    for (own, remote) in pairs(&own["task_types"], &remote["task_types"]) {
        for (field, value) in own.as_object().unwrap() {
            assert_eq!(&remote[field], value, "{field}");
        }
    }
    served.same_text(&["types"]);
}

/// What is counted is the same, but not at the same moment.
fn assert_same_stats(served: &Served) {
    let place = &served.place;
    let mut stats = [served.json(&["stats"]), place.json(&["stats"])];
    for stats in &mut stats {
        stats["now"] = json!(null);
        for name in stats["names"].as_array_mut().unwrap() {
            assert!(name["oldest_due"].is_null() || name["oldest_due"].is_f64());
            name["oldest_due"] = json!(null);
        }
    }
    assert_eq!(stats[0], stats[1]);
}

/// A task that was submitted to the database, and one to the server.
fn submitted_pair(served: &Served) -> (String, String) {
    let place = &served.place;
    let own = place.submit("on the database");
    let options = [
        "--priority",
        "2",
        "--max-retries",
        "5",
        "--delay",
        "1h",
        "--dedup",
        "window=1h",
    ];
    let payload = r#"{"message": "on the server", "count": 2}"#;
    let remote = [&["submit", "ExampleTask", payload], options.as_slice()].concat();
    let submitted = served.json(&remote);
    assert_eq!(submitted["outcome"], "created");
    (own, submitted["id"].to_string())
}

#[test]
fn commands_that_change_do_and_print_the_same_on_a_server() {
    let served = Served::start(&[]);
    let place = &served.place;
    let (own, remote) = submitted_pair(&served);
    let task = place.json(&["show", &remote])["task"].clone();
    assert_eq!(
        (&task["priority"], &task["max_retries"]),
        (&json!(2), &json!(5))
    );
    assert_eq!(
        (&task["state"], &task["dedup_scope"]),
        (&json!("scheduled"), &json!("window"))
    );
    // Again it is merged, as on the database.
    let payload = r#"{"message": "on the server", "count": 2}"#;
    let merged = served.json(&["submit", "ExampleTask", payload]);
    assert_eq!(merged, json!({ "id": task["id"], "outcome": "merged" }));
    let edit = |id: &str| {
        // Two tasks with one payload would want the same slot.
        let payload = json!({ "message": format!("edited {id}"), "count": 7 }).to_string();
        let what = [
            "--priority",
            "-3",
            "--max-retries",
            "9",
            "--payload",
            &payload,
        ];
        let when = ["--at", "2030-01-31T09:00:00Z", "--keep-dedup-key"];
        let args = [&["edit", id], &what[..], &when].concat();
        args.into_iter().map(str::to_owned).collect::<Vec<String>>()
    };
    let (of_own, of_remote) = (edit(&own), edit(&remote));
    let mut edited = [
        place.json(&of_own.iter().map(String::as_str).collect::<Vec<_>>()),
        served.json(&of_remote.iter().map(String::as_str).collect::<Vec<_>>()),
    ]
    .map(alike);
    for task in &mut edited {
        task["dedup_scope"] = json!(null);
    }
    assert_eq!(edited[0], edited[1]);
    for verb in ["run-now", "cancel", "retry", "cancel"] {
        let answers = [place.json(&[verb, &own]), served.json(&[verb, &remote])];
        let mut tasks = answers.each_ref().map(alike_all);
        for tasks in &mut tasks {
            tasks[0]["dedup_scope"] = json!(null);
        }
        assert_eq!(tasks[0], tasks[1], "{verb}");
    }
    let doubles = [
        place.json(&["duplicate", &own]),
        served.json(&["duplicate", &remote]),
    ];
    assert!(doubles.iter().all(|double| double["outcome"] == "created"));
    let deleted = [
        place.json(&["delete", &own, "--yes"]),
        served.json(&["delete", &remote, "--yes"]),
    ];
    assert_eq!(deleted[1]["deleted"], json!([task["id"]]));
    assert_eq!(deleted[0]["dry_run"], deleted[1]["dry_run"]);
    assert_eq!(place.json_error(&["show", &remote]).0, NOT_FOUND);
    // What was done on the server is in its audit by the name of the token.
    let audit = served.json(&["audit", "--actor", "ops"]);
    assert_eq!(audit["entries"].as_array().unwrap().len(), 7);
}

#[test]
fn waiting_and_following_work_on_a_server() {
    let served = Served::start(&[]);
    let _worker = served.place.worker(&["--only", "ExampleTask"]);
    let args = served.remotely(&["tail", "--json", "--name", "ExampleTask"]);
    let mut tail = Command::new(env!("CARGO_BIN_EXE_dutiful"));
    tail.args(args).current_dir(served.place.path());
    let mut tail = tail
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (sender, lines) = std::sync::mpsc::channel();
    let stdout = BufReader::new(tail.stdout.take().unwrap());
    std::thread::spawn(move || {
        stdout
            .lines()
            .map_while(Result::ok)
            .for_each(|line| drop(sender.send(line)));
    });
    let mut number = 0;
    let line = loop {
        number += 1;
        let payload = json!({ "message": "ü", "count": number }).to_string();
        let args = ["submit", "ExampleTask", &payload, "--wait", "60s"];
        let waited = served.json(&args);
        assert_eq!(
            waited["task"]["result_data"],
            json!({ "output": "ü".repeat(number) })
        );
        // What happened before it listened is no news.
        if let Ok(line) = lines.recv_timeout(std::time::Duration::from_secs(1)) {
            break line;
        }
        assert!(number < 30, "nothing is followed");
    };
    let told: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(told["task"]["task_name"], "ExampleTask");
    let id = tail.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-s", "INT", &id])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(tail.wait().unwrap().code(), Some(0));
}

#[test]
fn refusals_have_the_codes_of_the_database() {
    let served = Served::start(&[]);
    let place = &served.place;
    let id = place.submit("a");
    place.json(&["cancel", &id]);
    for (args, exit) in [
        (&["show", "77"] as &[&str], NOT_FOUND),
        (&["explain", "77"], NOT_FOUND),
        (&["run-now", &id], CONFLICT),
        (&["edit", &id, "--priority", "1"], CONFLICT),
        (
            &[
                "submit",
                "ExampleTask",
                r#"{"message": "a", "count": "two"}"#,
            ],
            USAGE,
        ),
        (&["submit", "ExampelTask", "{}"], USAGE),
        (&["submit", "ExampleTask", "{"], USAGE),
        (&["list", "--after", "x"], USAGE),
    ] {
        let (own, remote) = (
            place.json_error(args),
            place.json_error(&served.remotely(args)),
        );
        assert_eq!(
            (own.0, remote.0),
            (exit, exit),
            "{args:?}: {} {}",
            own.1,
            remote.1
        );
        let is_alike = args[0] != "list";
        assert!(
            !is_alike || own.1["code"] == remote.1["code"],
            "{args:?}: {} {}",
            own.1,
            remote.1
        );
    }
    let args = [
        "submit",
        "ExampleTask",
        r#"{"message": "a", "count": "two"}"#,
    ];
    let (own, remote) = (
        place.json_error(&args),
        place.json_error(&served.remotely(&args)),
    );
    assert_eq!(own, remote, "where the fault is, too");
    for args in [&["delete", &id] as &[&str], &["delete", "77", "--yes"]] {
        let (own, remote) = (place.error(args).0, place.error(&served.remotely(args)).0);
        assert_eq!(own, remote, "{args:?}");
    }
}

#[test]
fn a_server_that_asks_for_a_token_or_is_not_there_is_told() {
    let served = Served::start(&[]);
    let place = &served.place;
    let at_server = ["list", "--server", &served.url];
    let (exit, error) = place.json_error(&at_server);
    assert_eq!((exit, &error["code"]), (REFUSED, &json!("unauthorized")));
    let token = place.json(&["token", "create", "weak", "--scope", "enqueue"]);
    place.write_secret("weak", token["secret"].as_str().unwrap());
    let args = [&at_server[..], &["--token-file", "weak"]].concat();
    let (exit, error) = place.json_error(&args);
    assert_eq!((exit, &error["code"]), (REFUSED, &json!("forbidden")));
    let (exit, error) = place.json_error(&["list", "--server", "http://127.0.0.1:1"]);
    assert_eq!(
        (exit, &error["code"]),
        (UNREACHABLE, &json!("server_unreachable"))
    );
    for (server, file) in [
        ("127.0.0.1:80", "secret"),
        (served.url.as_str(), "missing"),
        ("http://a:b@c", "secret"),
    ] {
        let args = ["list", "--server", server, "--token-file", file];
        assert_eq!(place.error(&args).0, USAGE, "{server} {file}");
    }
    // The variables and the file of settings say the same as the flags.
    let mut command = place.run(&["list", "--json"]);
    command
        .env("DUTIFUL_SERVER", &served.url)
        .env("DUTIFUL_TOKEN_FILE", "secret");
    command.assert().success();
    let settings = format!("server = '{}'\ntoken_file = 'secret'", served.url);
    std::fs::write(place.path().join("dutiful.toml"), settings).unwrap();
    assert_eq!(place.json(&["list"])["tasks"], json!([]));
    for args in [
        &["migrate", "up"] as &[&str],
        &["worker"],
        &["serve"],
        &["dev"],
        &["bench"],
        &["doctor"],
        &["token", "list"],
        &["move", "--status"],
        &["migrate", "status"],
        &["prune", "--dry-run"],
        &["types", "check"],
        &["stats", "--recount"],
    ] {
        let (exit, said) = place.error(args);
        assert_eq!(exit, USAGE, "{args:?}: {said}");
        assert!(said.contains("works on a database"), "{args:?}: {said}");
    }
}

#[test]
fn a_server_with_tls_is_checked_by_its_authority() {
    let place = Place::empty();
    for (name, content) in [
        ("cert.pem", include_str!("../tls/server.pem")),
        ("key.pem", include_str!("../tls/server.key")),
    ] {
        place.write_secret(name, content);
    }
    let path = |name: &str| place.path().join(name).display().to_string();
    let (cert, key) = (path("cert.pem"), path("key.pem"));
    let served = Served::start(&["--tls-cert", &cert, "--tls-key", &key]);
    assert!(served.url.starts_with("https://"), "{}", served.url);
    served
        .place
        .write_secret("ca.pem", include_str!("../tls/ca.pem"));
    let args = served.remotely(&["list", "--ca-file", "ca.pem"]);
    assert_eq!(served.place.json(&args)["tasks"], json!([]));
    let (exit, error) = served.place.json_error(&served.remotely(&["list"]));
    assert_eq!(
        exit, UNREACHABLE,
        "a public authority does not know it: {error}"
    );
    let args = served.remotely(&["list", "--ca-file", "secret"]);
    assert_eq!(served.place.error(&args).0, USAGE);
    let plain = served.url.replace("https", "http");
    let output = served
        .place
        .run(&["list", "--server", &plain])
        .assert()
        .failure()
        .get_output()
        .clone();
    assert_eq!(
        output.status.code(),
        Some(UNREACHABLE),
        "{}",
        text(&output.stderr)
    );
}
