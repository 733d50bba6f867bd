//! Measures the exact search among vectors in memory, warm, on one core:
//!
//! ```text
//! cargo run --release -p dutiful-documents --example search_speed -- [rows] [dimensions]
//! ```

use std::error::Error;
use std::time::Instant;

use dutiful_documents::search::Matrix;

const SEARCHES: usize = 50;

#[allow(clippy::cast_precision_loss)]
fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let rows: i64 = arguments
        .next()
        .unwrap_or_else(|| "100000".into())
        .parse()?;
    let dimensions: usize = arguments.next().unwrap_or_else(|| "384".into()).parse()?;
    let mut state = 1_u64;
    let mut vector = || -> Vec<f32> {
        let mut number = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 40) as f32 / (1 << 24) as f32 - 0.5
        };
        (0..dimensions).map(|_| number()).collect()
    };
    let mut matrix = Matrix::new(dimensions);
    for id in 0..rows {
        matrix.put(id, &vector())?;
    }
    let mut times = Vec::new();
    for _ in 0..SEARCHES {
        let query = vector();
        let begin = Instant::now();
        let hits = matrix.nearest(&query, 10)?;
        times.push(begin.elapsed().as_secs_f64() * 1_000.0);
        assert_eq!(hits.len(), 10);
    }
    times.sort_by(f64::total_cmp);
    let (best, median) = (times[0], times[SEARCHES / 2]);
    println!("{rows} x {dimensions}, the nearest 10: median {median:.2} ms, best {best:.2} ms");
    Ok(())
}
