//! The HTTP API: routes, what they read and answer, and the description of it all.
//!
//! [`Api`] makes the router; [`listen`] serves it on a socket. What a task's state allows and what stands in
//! the database is the library's.

mod access;
mod answer;
mod audit;
mod body;
mod bulk;
mod etag;
mod events;
mod guard;
mod health;
pub(crate) mod listen;
mod nested;
mod once;
mod openapi;
mod page;
mod path;
mod periodic;
pub(crate) mod problem;
mod query;
mod stats;
mod task_types;
mod tasks;
pub(crate) mod tls;
mod view;
mod workers;

pub(crate) use access::{Rate, Rates};

use crate::redact::Redact;
use crate::tasks::Tasks;
use access::Pace;
use axum::{Router, middleware};
use dutiful::Client;
use events::Hub;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The HTTP API on one database, as an axum router.
///
/// It refuses nobody unless it is told to ask for tokens: nest it behind what tells your users apart, or listen on
/// a loopback address.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
/// use dutiful_server::Api;
///
/// let client = dutiful::Client::connect("sqlite::memory:").await?;
/// client.migrate().await?;
/// let app: axum::Router = axum::Router::new().nest("/queue", Api::new(client).router());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Api {
    client: Client,
    tasks: Arc<Tasks>,
    allow_unknown: bool,
    tokens: bool,
    pace: Option<Arc<Pace>>,
    redact: Arc<Redact>,
    redact_everywhere: bool,
    events: Arc<Hub>,
}

impl Api {
    /// The API for a program that knows no task types: it takes every name, and checks no payloads.
    pub fn new(client: Client) -> Api {
        Api {
            events: Arc::new(Hub::new(client.clone())),
            client,
            tasks: Arc::default(),
            allow_unknown: true,
            tokens: false,
            pace: None,
            redact: Arc::default(),
            redact_everywhere: false,
        }
    }

    /// The API for a program that knows these types: it checks their payloads and refuses other names.
    #[must_use]
    pub fn tasks(self, tasks: impl Into<Arc<Tasks>>) -> Api {
        Api {
            tasks: tasks.into(),
            allow_unknown: false,
            ..self
        }
    }

    /// Takes task names too that this program does not know, with payloads unchecked: other workers may know
    /// them.
    #[must_use]
    pub fn allow_unknown(self, allow_unknown: bool) -> Api {
        Api {
            allow_unknown,
            ..self
        }
    }

    /// Asks for a bearer token, as [`Client::create_token`] makes them, on every route that tells of tasks.
    #[must_use]
    pub fn require_tokens(self, tokens: bool) -> Api {
        Api { tokens, ..self }
    }

    /// Which values are secrets; `everywhere` shows them to nobody, else those see them who may see payloads.
    #[must_use]
    pub(crate) fn redact(self, redact: Arc<Redact>, everywhere: bool) -> Api {
        Api {
            redact,
            redact_everywhere: everywhere,
            ..self
        }
    }

    /// Answers callers who ask more often with 429. It goes by the addresses that [`listen`] tells.
    #[must_use]
    pub(crate) fn rates(self, rates: Rates) -> Api {
        Api {
            pace: Some(Arc::new(Pace::new(rates))),
            ..self
        }
    }

    /// Ends the streams of events that are open, and those that begin later: a server that is to stop would wait for
    /// them.
    pub fn close_streams(&self) {
        self.events.close();
    }

    /// The router, with its limits on bodies, time and requests under way.
    pub fn router(self) -> Router {
        let (router, openapi) = described_routes().split_for_parts();
        let described = openapi::with_task_types(openapi, &self.tasks);
        let router = router
            .merge(openapi::routes(described))
            .merge(page::routes())
            .fallback(problem::no_such_path)
            .method_not_allowed_fallback(problem::no_such_method)
            .layer(middleware::from_fn_with_state(self.clone(), access::guard))
            .with_state(self);
        nested::layer(guard::layers(router))
    }
}

/// The OpenAPI 3.1 description of the API, the payloads of these task types in it, as JSON.
pub(crate) fn openapi(tasks: &Tasks) -> serde_json::Value {
    openapi::with_task_types(described_routes().into_openapi(), tasks)
}

fn described_routes() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(openapi::head())
        .routes(routes!(tasks::submit::submit, tasks::list::list))
        .routes(routes!(tasks::batch::submit_batch))
        .routes(routes!(tasks::count::count))
        .routes(routes!(bulk::preview))
        .routes(routes!(bulk::start))
        .routes(routes!(bulk::operations::list))
        .routes(routes!(bulk::operations::get))
        .routes(routes!(bulk::operations::stop))
        .routes(routes!(
            tasks::get::get,
            tasks::edit::edit,
            tasks::operate::delete
        ))
        .routes(routes!(tasks::operate::retry))
        .routes(routes!(tasks::operate::cancel))
        .routes(routes!(tasks::operate::run_now))
        .routes(routes!(tasks::operate::duplicate))
        .routes(routes!(tasks::explain::explain))
        .routes(routes!(tasks::get::attempts))
        .routes(routes!(tasks::get::logs))
        .routes(routes!(tasks::items::items))
        .routes(routes!(task_types::list))
        .routes(routes!(task_types::pause))
        .routes(routes!(task_types::resume))
        .routes(routes!(events::events))
        .routes(routes!(stats::stats))
        .routes(routes!(stats::timeseries::timeseries))
        .routes(routes!(workers::list))
        .routes(routes!(workers::drain))
        .routes(routes!(periodic::list))
        .routes(routes!(periodic::get, periodic::change::change))
        .routes(routes!(periodic::next))
        .routes(routes!(periodic::operate::run))
        .routes(routes!(periodic::operate::pause))
        .routes(routes!(periodic::operate::resume))
        .routes(routes!(periodic::operate::reset))
        .routes(routes!(audit::list))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
}
