//! The description of the API holds, and holds all of it.

use crate::promises;
use crate::server::Server;
use serde_json::{Value, json};

promises![
    every_reference_of_the_description_leads_somewhere,
    task_types_have_their_schemas,
    health_and_readiness_are_told,
];

fn references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::Object(fields) => {
            if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                found.push(reference);
            }
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

fn every_reference_of_the_description_leads_somewhere(server: &Server) {
    let described = server.get("/openapi.json").json();
    assert!(described["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut found = Vec::new();
    references(&described, &mut found);
    assert!(found.len() > 20);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(described.pointer(pointer).is_some(), "{reference}");
    }
    let submission = &described["components"]["schemas"]["Submission"];
    assert_eq!(submission["additionalProperties"], false, "{submission}");
    assert_eq!(submission["required"], json!(["task_name", "task_payload"]));
}

fn task_types_have_their_schemas(server: &Server) {
    let types = server.get("/task-types").json();
    let example = &types["task_types"][0];
    assert_eq!(
        (&example["task_name"], &example["max_retries"]),
        (&json!("ExampleTask"), &json!(3))
    );
    assert_eq!(
        example["payload_schema"]["properties"]["count"]["maximum"],
        1000
    );
    assert_eq!(types["allow_unknown"], false);
}

fn health_and_readiness_are_told(server: &Server) {
    assert_eq!(server.get("/healthz").json(), json!({ "status": "ok" }));
    assert_eq!(
        server.get("/readyz").json(),
        json!({ "ready": true, "reasons": [] })
    );
    server.dutiful(&["migrate", "down", "--to", "0"]);
    let answer = server.get("/readyz");
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["reasons"], json!(["the database: schema"]));
    let answer = server.get("/tasks");
    assert_eq!((answer.status, answer.code().as_str()), (503, "schema"));
    assert_eq!(answer.header("retry-after"), Some("1"));
    server.dutiful(&["migrate", "up"]);
    assert_eq!(server.get("/readyz").status, 200);
}
