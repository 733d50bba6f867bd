//! Who asks, and what that one may see and do about one task.

use crate::http::Api;
use crate::http::bulk::OperationView;
use crate::http::periodic::PeriodicView;
use crate::http::problem::{FORBIDDEN, NOT_FOUND, Problem};
use crate::http::view::TaskView;
use crate::redact::{self, Redact};
use dutiful::{Operation, PeriodicInfo, Scope, TaskId, TaskInfo, TokenInfo};

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Caller(Kind);

#[derive(Debug, Clone)]
enum Kind {
    /// Tokens are not asked for: whoever reaches the server may do everything.
    Anybody,
    /// No token was asked for, because nothing of tasks is told.
    Nobody,
    /// The bearer of a token, which has the scope of the route.
    Bearer(Box<TokenInfo>),
}

/// Lies over texts, or not.
pub(crate) struct Veil(Option<Redact>);

impl Veil {
    pub(crate) fn over(&self, text: &mut String) {
        if let Some(redact) = &self.0 {
            *text = redact.text(text);
        }
    }
}

impl Caller {
    pub(in crate::http) fn anybody() -> Caller {
        Caller(Kind::Anybody)
    }

    pub(super) fn nobody() -> Caller {
        Caller(Kind::Nobody)
    }

    pub(super) fn of(token: TokenInfo) -> Caller {
        Caller(Kind::Bearer(Box::new(token)))
    }

    fn token(&self) -> Option<&TokenInfo> {
        match &self.0 {
            Kind::Bearer(token) => Some(token),
            Kind::Anybody | Kind::Nobody => None,
        }
    }

    /// The name under which the audit knows it.
    pub(crate) fn name(&self) -> &str {
        self.token().map_or("anybody", |token| &token.name)
    }

    /// Whether tasks of this name are any of its business.
    pub(crate) fn may_know(&self, task_name: &str) -> bool {
        match &self.0 {
            Kind::Anybody => true,
            Kind::Nobody => false,
            Kind::Bearer(token) => token.allows_task(task_name),
        }
    }

    /// Whether it may see payloads and results.
    pub(crate) fn may_see_payloads(&self) -> bool {
        match &self.0 {
            Kind::Anybody => true,
            Kind::Nobody => false,
            Kind::Bearer(token) => token.allows(Scope::ReadPayload),
        }
    }

    /// Whether it may know tasks of every name.
    pub(crate) fn may_know_all(&self) -> bool {
        match &self.0 {
            Kind::Anybody => true,
            Kind::Nobody => false,
            Kind::Bearer(token) => token.task_names.is_none(),
        }
    }

    /// Refuses to look for tasks that are none of its business: a token that is good for some names asks for one of
    /// them at a time, and what it may not see it may not search.
    pub(crate) fn check_filter(&self, task_name: Option<&str>, text: bool) -> Result<(), Problem> {
        if !self.may_know_all() && !task_name.is_some_and(|name| self.may_know(name)) {
            let detail =
                "the token is good for some task names: ask for one of them with `task_name`";
            return Err(Problem::new(&FORBIDDEN, detail));
        }
        if text && !self.may_see_payloads() {
            let detail = "`text` looks into payloads, which the token may not see";
            return Err(Problem::new(&FORBIDDEN, detail));
        }
        Ok(())
    }

    /// Refuses what is about a task name that the token is not good for.
    pub(crate) fn check_name(&self, task_name: &str) -> Result<(), Problem> {
        if self.may_know(task_name) {
            return Ok(());
        }
        let detail = format!(
            "the token `{}` is not good for tasks of this name",
            self.name()
        );
        Err(Problem::new(&FORBIDDEN, detail))
    }

    /// The task, for one that may know it. Whoever may not is told what is told of a task that is not there.
    pub(crate) async fn task(&self, api: &Api, id: TaskId) -> Result<TaskInfo, Problem> {
        let task = api.client.get(id).await?;
        match self.may_know(&task.task_name) {
            true => Ok(task),
            false => Err(Problem::new(&NOT_FOUND, format!("there is no task {id}"))),
        }
    }

    /// Refuses what concerns a task that is none of its business. It costs nothing where all are.
    pub(crate) async fn check_task(&self, api: &Api, id: TaskId) -> Result<(), Problem> {
        match self.may_know_all() {
            true => Ok(()),
            false => self.task(api, id).await.map(drop),
        }
    }

    /// The task as this one may see it.
    pub(crate) fn view(&self, api: &Api, mut task: TaskInfo) -> TaskView {
        let version = task.version();
        if !self.may_see_secrets(api) {
            api.redact.task(&mut task);
        }
        TaskView::new(task, version, self.may_see_payloads())
    }

    /// The periodic task as this one may see it.
    pub(crate) fn view_periodic(&self, api: &Api, mut one: PeriodicInfo) -> PeriodicView {
        if !self.may_see_secrets(api) {
            api.redact.periodic(&mut one);
        }
        PeriodicView::new(one, self.may_see_payloads())
    }

    /// The operation as this one may see it: what somebody looks for in payloads is of them.
    pub(crate) fn view_operation(&self, api: &Api, mut operation: Operation) -> OperationView {
        if !self.may_see_payloads()
            && let Some(text) = operation.filter.get_mut("text")
        {
            *text = redact::MARK.into();
        }
        if !self.may_see_secrets(api) {
            api.redact.value(&mut operation.filter);
            if let Some(message) = &mut operation.error_message {
                *message = api.redact.text(message);
            }
        }
        OperationView::from(operation)
    }

    fn may_see_secrets(&self, api: &Api) -> bool {
        self.may_see_payloads() && !api.redact_everywhere
    }

    /// What takes the secrets out of the texts about a task, if this one may not see them.
    pub(crate) async fn veil(&self, api: &Api, id: TaskId) -> Result<Veil, Problem> {
        if self.may_see_secrets(api) {
            return Ok(Veil(None));
        }
        let task = self.task(api, id).await?;
        Ok(Veil(Some(api.redact.of_task(&task))))
    }

    /// Writes down what it did to a task.
    pub(crate) async fn did(&self, api: &Api, action: &str, id: TaskId) {
        self.did_to(api, action, &format!("task {id}"), None).await;
    }

    /// Writes down what it did. The work is done by then: that it cannot be written down undoes nothing.
    pub(crate) async fn did_to(&self, api: &Api, action: &str, target: &str, detail: Option<&str>) {
        let written = api.client.audit(self.name(), action, Some(target), detail);
        if let Err(error) = written.await {
            tracing::error!(%error, action, target, "it was done, and the audit could not be written");
        }
    }
}
