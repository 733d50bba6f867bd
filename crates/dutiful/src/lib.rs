//! Durable background tasks on the database that a team already runs.
