//! The description of the API: its head, the payloads of the known task types, and where it is served.

use super::{Api, answer};
use crate::tasks::Tasks;
use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};
use utoipa::openapi::{Info, License, OpenApi, OpenApiBuilder};

/// What stands above the paths.
pub(super) fn head() -> OpenApi {
    let mut info = Info::new("Dutiful", env!("CARGO_PKG_VERSION"));
    info.description =
        Some("Durable background tasks on the database that a team already runs.".to_owned());
    let mut license = License::new("MIT OR Apache-2.0");
    license.identifier = Some("MIT OR Apache-2.0".to_owned());
    info.license = Some(license);
    OpenApiBuilder::new().info(info).build()
}

/// The description as JSON, with a schema for the payload of each known task type: a payload that fits is one
/// that is taken, as far as JSON Schema can say it.
pub(super) fn with_task_types(openapi: OpenApi, tasks: &Tasks) -> Value {
    let mut described = serde_json::to_value(&openapi).unwrap_or_default();
    let schemas = &mut described["components"]["schemas"];
    for known in tasks.all() {
        let name = format!("{}Payload", known.name);
        schemas[name] = self_contained(known.schema(), known.name);
    }
    schemas["Submission"]["allOf"] = rules_between_fields();
    if !tasks.all().is_empty() {
        let one_of = tasks.all().iter().map(|known| {
            json!({ "properties": {
                "task_name": { "const": known.name },
                "task_payload": { "$ref": format!("#/components/schemas/{}Payload", known.name) },
            }})
        });
        schemas["Submission"]["oneOf"] = one_of.collect();
    }
    described
}

/// What a submission may not say together, and what only together.
fn rules_between_fields() -> Value {
    let said = |field: &str| match field {
        "held" => json!({ "const": true }),
        "run_at" => json!({ "type": "string" }),
        _ => json!({ "type": "number" }),
    };
    let not_both = |one: &str, other: &str| {
        json!({ "not": {
            "required": [one, other],
            "properties": { one: said(one), other: said(other) },
        }})
    };
    let window = json!({ "required": ["dedup_scope"], "properties": { "dedup_scope": { "const": "window" } } });
    let length = json!({ "required": ["dedup_window"], "properties": { "dedup_window": { "type": "number" } } });
    json!([
        not_both("delay", "run_at"),
        not_both("delay", "held"),
        not_both("run_at", "held"),
        { "if": window, "then": length, "else": { "not": length } },
    ])
}

/// A schema whose references to its own definitions still lead there inside the description.
fn self_contained(mut schema: Value, name: &str) -> Value {
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("$schema");
    }
    lead(
        &mut schema,
        &format!("#/components/schemas/{name}Payload/$defs/"),
    );
    schema
}

fn lead(value: &mut Value, to: &str) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match (
                    key.as_str(),
                    value
                        .as_str()
                        .and_then(|text| text.strip_prefix("#/$defs/")),
                ) {
                    ("$ref", Some(rest)) => *value = format!("{to}{rest}").into(),
                    _ => lead(value, to),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| lead(value, to)),
        _ => {}
    }
}

/// `GET /openapi.json`.
pub(super) fn routes(described: Value) -> Router<Api> {
    let described = std::sync::Arc::new(described);
    Router::new().route(
        "/openapi.json",
        get(move || async move { answer::ok(&*described) }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_of_a_payload_lead_into_the_description() {
        let schema = json!({ "$schema": "x", "$ref": "#/$defs/A", "a": [{ "$ref": "#/$defs/B" }], "$defs": {} });
        let schema = self_contained(schema, "T");
        assert_eq!(schema["$ref"], "#/components/schemas/TPayload/$defs/A");
        assert_eq!(
            schema["a"][0]["$ref"],
            "#/components/schemas/TPayload/$defs/B"
        );
        assert!(schema.get("$schema").is_none());
    }
}
