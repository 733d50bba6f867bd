//! Callers who ask too often. No engine matters to them: they are tried on SQLite.

use crate::engine::Engine;
use crate::own_promises;
use crate::server::Server;

own_promises![
    an_address_that_asks_too_often_waits,
    each_token_has_its_own_rate,
    all_callers_together_have_a_rate,
    who_guesses_tokens_is_stopped_and_who_has_one_is_not,
];

fn an_address_that_asks_too_often_waits(engine: &Engine) {
    let server = Server::start(engine, &["--rate-limit", "5/m"]);
    for _ in 0..5 {
        assert_eq!(server.get("/tasks").status, 200);
    }
    let answer = server.get("/stats");
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (429, "rate_limited")
    );
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=12).contains(&seconds), "{seconds}");
    assert_eq!(server.get("/nothing").status, 429, "what is not there too");
    for path in ["/healthz", "/readyz"] {
        assert_eq!(server.get(path).status, 200, "whoever looks after it may");
    }
    server.end();
}

fn each_token_has_its_own_rate(engine: &Engine) {
    let server = Server::start(engine, &["--require-token", "--rate-limit", "3/m"]);
    let ask = |secret: &str| server.as_bearer(secret, "GET", "/tasks", "").status;
    for name in ["one", "other"] {
        let secret = server.token(&[name, "--scope", "read"]);
        assert_eq!([0; 4].map(|_| ask(&secret)), [200, 200, 200, 429], "{name}");
    }
    server.end();
}

fn all_callers_together_have_a_rate(engine: &Engine) {
    let rates = ["--rate-limit", "off", "--total-rate-limit", "4/m"];
    let server = Server::start(engine, &[&["--require-token"], rates.as_slice()].concat());
    let ask = |secret: &str| server.as_bearer(secret, "GET", "/tasks", "").status;
    let [one, other] = ["one", "other"].map(|name| server.token(&[name, "--scope", "read"]));
    assert_eq!([0; 3].map(|_| ask(&one)), [200, 200, 200]);
    assert_eq!([0; 2].map(|_| ask(&other)), [200, 429]);
    server.end();
}

fn who_guesses_tokens_is_stopped_and_who_has_one_is_not(engine: &Engine) {
    let args = ["--require-token", "--failed-token-limit", "3/m"];
    let server = Server::start(engine, &args);
    let ask = |secret: &str| server.as_bearer(secret, "GET", "/tasks", "").status;
    let [known, late] = ["known", "late"].map(|name| server.token(&[name, "--scope", "read"]));
    assert_eq!(ask(&known), 200);
    let guess = |n: usize| ask(&format!("dutiful_{n:064x}"));
    assert_eq!([1, 2, 3, 4].map(guess), [401, 401, 401, 429]);
    // Not even a good one is looked up that nobody knows yet, but who is known goes on.
    assert_eq!((ask(&late), ask(&known)), (429, 200));
    // One that was known and is revoked is a guess like any other.
    server.dutiful(&["token", "revoke", "known", "--yes"]);
    assert_eq!((ask(&known), ask(&known)), (401, 429));
    server.end();
}
