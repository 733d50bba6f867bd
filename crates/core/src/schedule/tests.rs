//! Tests of ticks and plans.
