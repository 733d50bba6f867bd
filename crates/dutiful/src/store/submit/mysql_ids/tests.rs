use super::*;
use crate::db::{Dialect, Inserted, Reply, Row, Rows, Value};
use crate::store::submit::{Slot, Start};

/// A table of ids and submission keys.
struct Table(Vec<(i64, u8)>);

impl Session for Table {
    fn dialect(&self) -> Dialect {
        Dialect::Mysql
    }

    async fn run(&mut self, sql: &'static Sql, params: Vec<Value>) -> DbResult<Reply> {
        let Some(Value::Int(Some(place))) = params.first() else {
            panic!("{params:?}");
        };
        let wanted = |id: &i64| match sql.mysql == LAST.mysql {
            true => id == place,
            false => id >= place,
        };
        let rows = self.0.iter().filter(|(id, _)| wanted(id));
        let row = |(id, key): &(i64, u8)| Row(vec![(*id).into(), vec![*key; 16].into()]);
        Ok(Reply {
            rows: rows.map(row).collect(),
            ..Reply::default()
        })
    }

    async fn run_rows(&mut self, _: &'static Sql, rows: Rows) -> DbResult<Reply> {
        panic!("nothing is written: {rows:?}");
    }
}

fn task(key: u8) -> NewTask {
    NewTask {
        task_name: "T".into(),
        payload: "1".into(),
        payload_version: 1,
        priority: 0,
        max_retries: 0,
        start: Start::Held,
        slot: Slot {
            key: vec![key; 16],
            scope: "none",
            window: None,
        },
        submission_key: [key; 16],
        replace_payload: false,
    }
}

async fn ids(mut table: Table) -> DbResult<Vec<i64>> {
    let tasks = [1, 2, 3].map(task);
    let first = Inserted {
        first_id: 10,
        rows: 3,
    };
    let created = inserted(&mut table, &tasks, &[first]).await?;
    Ok(tasks.map(|task| created[&task.submission_key]).to_vec())
}

#[tokio::test]
async fn the_last_row_tells_where_the_others_are() {
    // The rows between are not looked at: they are not even there.
    let table = Table(vec![(10, 1), (12, 3)]);
    assert_eq!(ids(table).await.unwrap(), [10, 11, 12]);
}

#[tokio::test]
async fn rows_that_lie_apart_are_known_by_their_keys() {
    let table = Table(vec![(10, 1), (12, 9), (13, 2), (16, 3)]);
    assert_eq!(ids(table).await.unwrap(), [10, 13, 16]);
}

#[tokio::test]
async fn rows_that_are_not_there_are_an_error() {
    let table = Table(vec![(10, 1), (12, 2)]);
    let error = ids(table).await.unwrap_err();
    assert_eq!(error.kind, DbErrorKind::Transient);
}
