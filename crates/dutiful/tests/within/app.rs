//! An application with a database driver of its own, beside the product.

use crate::harness::TestDb;
use dutiful::Enlist;

/// A driver as an application uses it. Statements are text, with the usual table prefix.
pub(crate) trait App: Sized + 'static {
    /// The driver's own transaction.
    type Tx<'t>: Enlist;
    /// Its connection, on which a transaction may be begun by hand.
    type Connection: Enlist;

    async fn open(db: &TestDb) -> Self;

    async fn begin(&mut self) -> Self::Tx<'_>;

    /// Runs a statement that gives nothing back.
    async fn exec(tx: &mut Self::Tx<'_>, sql: &str);

    async fn commit(tx: Self::Tx<'_>);

    async fn rollback(tx: Self::Tx<'_>);

    fn connection(&mut self) -> &mut Self::Connection;

    /// Runs a statement past the driver's own transactions: `BEGIN`, `COMMIT`, `ROLLBACK`.
    async fn say(&mut self, sql: &str);
}

/// The table that an application's own effects are in.
pub(crate) async fn make_effects(db: &TestDb) {
    db.exec("CREATE TABLE dutiful_effects (note VARCHAR(20) NOT NULL)")
        .await;
}

/// An effect of the application.
pub(crate) async fn effect<A: App>(db: &TestDb, tx: &mut A::Tx<'_>, note: &str) {
    let sql = format!("INSERT INTO dutiful_effects (note) VALUES ('{note}')");
    A::exec(tx, &sql.replace("dutiful_", db.prefix())).await;
}
