"""A program in another language that submits tasks by plain SQL and reads their results by plain SQL.

    python3 plain_sql.py DATABASE_URL TABLE < tasks.json

The tasks are a JSON list of [task_name, task_payload]; the payload is the text that goes into the
column. First they are all inserted and rolled back, then inserted again together with a row of the
program's own table `<TABLE>_orders`, and committed. Then the program waits until all have ended. It
prints one JSON object:

    rolled_back   how many rows the transaction left that was rolled back
    inserted      the rows as they were before the commit, every column
    ended         id, status, error_kind, error_message, retries and result_data of each task
"""

import json
import sys
import time
from urllib.parse import unquote, urlsplit

WAIT_SECONDS = 60
PAUSE_SECONDS = 0.02


class Database:
    """A connection, and the few things in which the drivers differ."""

    def __init__(self, url):
        self.place, self.last_id = "%s", lambda cursor: cursor.lastrowid
        self.returning = ""
        parts = urlsplit(url)
        login = {
            "host": parts.hostname,
            "port": parts.port,
            "user": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
        }
        if parts.scheme == "sqlite":
            import sqlite3

            self.place = "?"
            self.connection = sqlite3.connect(url.removeprefix("sqlite:"), timeout=20)
        elif parts.scheme in ("mysql", "mariadb"):
            import pymysql

            self.connection = pymysql.connect(
                database=parts.path.strip("/"), charset="utf8mb4", **login
            )
        else:
            import psycopg

            self.returning = " RETURNING id"
            self.last_id = lambda cursor: cursor.fetchone()[0]
            # Prepared statements would not survive a pooler.
            self.connection = psycopg.connect(
                dbname=parts.path.strip("/"), prepare_threshold=None, **login
            )

    def run(self, sql, *params):
        cursor = self.connection.cursor()
        cursor.execute(sql.replace("?", self.place), params)
        return cursor

    def rows(self, sql, *params):
        cursor = self.run(sql, *params)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row)) for row in cursor.fetchall()]


def submit(db, table, name, payload):
    """The whole of what another language needs to know."""
    sql = f"INSERT INTO {table} (task_name, task_payload) VALUES (?, ?)"
    return db.last_id(db.run(sql + db.returning, name, payload))


def count(db, table):
    return db.rows(f"SELECT COUNT(*) AS number FROM {table}")[0]["number"]


def wait(db, table, ids):
    """Looks at the tasks until the last of them has ended."""
    sql = f"SELECT id, status, error_kind, error_message, retries, result_data FROM {table} WHERE id = ?"
    ended, deadline = [], time.monotonic() + WAIT_SECONDS
    for task_id in ids:
        while not (found := db.rows(f"{sql} AND finished_at IS NOT NULL", task_id)):
            if time.monotonic() > deadline:
                raise SystemExit(f"task {task_id} has not ended: {db.rows(sql, task_id)}")
            # A transaction that stays open would see the same for ever.
            db.connection.commit()
            time.sleep(PAUSE_SECONDS)
        ended += found
    return ended


def main(url, table):
    tasks = json.load(sys.stdin)
    db = Database(url)
    db.run(f"CREATE TABLE {table}_orders (note VARCHAR(20) NOT NULL)")
    db.connection.commit()

    for name, payload in tasks:
        submit(db, table, name, payload)
    db.connection.rollback()
    rolled_back = count(db, table)
    db.connection.commit()

    db.run(f"INSERT INTO {table}_orders (note) VALUES ('mine')")
    ids = [submit(db, table, name, payload) for name, payload in tasks]
    inserted = db.rows(f"SELECT * FROM {table} ORDER BY id")
    db.connection.commit()

    ended = wait(db, table, ids)
    report = {"rolled_back": rolled_back, "inserted": inserted, "ended": ended}
    print(json.dumps(report, default=str))


if __name__ == "__main__":
    main(*sys.argv[1:])
