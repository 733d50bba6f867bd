//! Pages for people, and the headers that every answer has.

use crate::promises;
use crate::server::Server;

promises![
    the_pages_tell_of_every_path_and_code,
    every_answer_has_the_headers_that_keep_browsers_in_check,
];

fn the_pages_tell_of_every_path_and_code(server: &Server) {
    let docs = server.get("/docs");
    assert_eq!(
        docs.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let described = server.get("/openapi.json").json();
    for path in described["paths"].as_object().unwrap().keys() {
        assert!(docs.text.contains(path), "{path}");
    }
    assert!(!docs.text.contains("<script"), "it needs none");
    let problems = server.get("/problems").text;
    for code in ["invalid_payload", "not_found", "database_unavailable"] {
        assert!(problems.contains(code));
        let page = server.get(&format!("/problems/{code}"));
        assert_eq!(page.status, 200);
        assert!(page.text.contains(code));
    }
}

fn every_answer_has_the_headers_that_keep_browsers_in_check(server: &Server) {
    for path in [
        "/docs",
        "/tasks",
        "/nothing",
        "/openapi.json",
        "/problems/conflict",
    ] {
        let answer = server.get(path);
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{path}"
        );
        assert_eq!(
            answer.header("referrer-policy"),
            Some("no-referrer"),
            "{path}"
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
    }
}
