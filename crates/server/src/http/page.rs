//! Pages for people: the API's documentation and one page for each kind of problem. They need no script.

use super::Api;
use super::problem::{KINDS, Kind, NOT_FOUND, Problem};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use maud::{DOCTYPE, Markup, html};
use serde_json::Value;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
    code,pre{font-family:ui-monospace,monospace;font-size:.9em}pre{background:#8881;padding:.8rem;overflow-x:auto}\
    table{border-collapse:collapse}td,th{text-align:left;vertical-align:top;padding:.3rem 1rem .3rem 0}\
    h2{margin-top:2.5rem}.method{display:inline-block;min-width:4.5rem;font-weight:700}:root{color-scheme:light dark}";
/// The pages hold their style and nothing else that a browser would load or run.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// `GET /docs`, `GET /problems` and `GET /problems/{code}`.
pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/docs", get(docs))
        .route("/problems", get(problems))
        .route("/problems/{code}", get(one_problem))
}

async fn docs(State(api): State<Api>) -> Response {
    let described = super::openapi(&api.tasks);
    let paths = described["paths"].as_object().cloned().unwrap_or_default();
    page(
        "Dutiful: HTTP API",
        &html! {
            p { "The same as " a href="openapi.json" { "OpenAPI 3.1" } ". Every answer of 400 and above is a "
                a href="problems" { "problem" } "." }
            @for (path, item) in &paths {
                @for (method, operation) in item.as_object().into_iter().flatten() {
                    (operation_part(path, method, operation))
                }
            }
            h2 { "Schemas" }
            @for (name, schema) in described["components"]["schemas"].as_object().into_iter().flatten() {
                h3 id=(name) { (name) }
                pre { (pretty(schema)) }
            }
        },
    )
}

fn operation_part(path: &str, method: &str, operation: &Value) -> Markup {
    let parameters = operation["parameters"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    html! {
        h2 { code { span class="method" { (method.to_uppercase()) } (path) } }
        p { strong { (operation["summary"].as_str().unwrap_or_default()) } }
        @if let Some(text) = operation["description"].as_str() { p { (text) } }
        @if !parameters.is_empty() {
            table { @for parameter in &parameters {
                tr { td { code { (parameter["name"].as_str().unwrap_or_default()) } }
                     td { (parameter["description"].as_str().unwrap_or_default()) } }
            } }
        }
        @if !body.is_null() { p { "Body:" } pre { (pretty(body)) } }
        table { @for (status, response) in operation["responses"].as_object().into_iter().flatten() {
            tr { td { code { (status) } } td { (response["description"].as_str().unwrap_or_default()) } }
        } }
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

async fn problems() -> Response {
    page(
        "Problems",
        &html! {
            table {
                tr { th { "Code" } th { "Status" } th { "What it is" } }
                @for kind in KINDS {
                    tr { td { a href=(format!("problems/{}", kind.code)) { code { (kind.code) } } }
                         td { (kind.status) } td { (kind.title) } }
                }
            }
        },
    )
}

async fn one_problem(Path(code): Path<String>) -> Response {
    let known: Option<&&Kind> = KINDS.iter().find(|kind| kind.code == code);
    match known {
        Some(kind) => page(
            kind.title,
            &html! {
                p { "Code " code { (kind.code) } ", status " code { (kind.status) } "." }
                p { (kind.about) }
            },
        ),
        None => Problem::new(&NOT_FOUND, "there is no such problem; see /problems").into_response(),
    }
}

fn page(title: &str, content: &Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (maud::PreEscaped(STYLE)) }
            }
            body { h1 { (title) } (content) }
        }
    };
    let mut response = Html(page.into_string()).into_response();
    let policy = HeaderValue::from_static(POLICY);
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}
