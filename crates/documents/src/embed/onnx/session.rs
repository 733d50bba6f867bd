//! A model that is loaded: which inputs it wants, and how what it gives becomes one vector.

use std::borrow::Cow;
use std::path::Path;

use ort::session::builder::GraphOptimizationLevel;
use ort::session::{Session, SessionInputValue};
use ort::value::{Outlet, Tensor, ValueType};

use super::folder::Pooling;
use crate::embed::EmbedError;
use crate::embed::error::Problem;

/// Outputs that hold a vector for each token, best first.
const TOKEN_OUTPUTS: [&str; 2] = ["last_hidden_state", "token_embeddings"];

/// The inputs of models that read text.
#[derive(Debug, Clone, Copy)]
enum Input {
    Ids,
    /// 1 for each token: no text is padded.
    Mask,
    /// 0 for each token: there is one text.
    Types,
}

/// A model in memory.
#[derive(Debug)]
pub(super) struct Model {
    session: Session,
    inputs: Vec<(String, Input)>,
    output: String,
    pooling: Pooling,
}

impl Model {
    pub(super) fn load(path: &Path, threads: usize, pooling: Pooling) -> Result<Self, EmbedError> {
        let unusable = |why: String| {
            let cause = format!("{} cannot be used: {why}", path.display());
            EmbedError::new(Problem::ModelUnusable, cause)
        };
        let session = session(path, threads).map_err(unusable)?;
        let inputs = session.inputs().iter().map(|input| {
            let name = input.name();
            let known = match name {
                "input_ids" => Input::Ids,
                "attention_mask" => Input::Mask,
                "token_type_ids" => Input::Types,
                _ => return Err(unusable(format!("it wants {name}, which no text has"))),
            };
            Ok((name.to_owned(), known))
        });
        let inputs = inputs.collect::<Result<_, _>>()?;
        let output = output(session.outputs()).ok_or_else(|| {
            unusable("it gives no vector for each token or for each text".to_owned())
        })?;
        Ok(Self {
            inputs,
            output,
            pooling,
            session,
        })
    }

    /// The vector of a text, not yet of length 1.
    pub(super) fn run(&mut self, ids: &[u32]) -> Result<Vec<f32>, EmbedError> {
        let failed = |why: String| EmbedError::new(Problem::InferenceFailed, why);
        let told = |error: ort::Error| failed(error.message().to_owned());
        let mut inputs: Vec<(Cow<'_, str>, SessionInputValue<'_>)> = Vec::new();
        for (name, input) in &self.inputs {
            let values: Vec<i64> = match input {
                Input::Ids => ids.iter().map(|id| i64::from(*id)).collect(),
                Input::Mask => vec![1; ids.len()],
                Input::Types => vec![0; ids.len()],
            };
            let tensor = Tensor::from_array(([1, ids.len()], values)).map_err(told)?;
            inputs.push((name.as_str().into(), tensor.into()));
        }
        let outputs = self.session.run(inputs).map_err(told)?;
        let output = outputs.get(self.output.as_str());
        let output = output.ok_or_else(|| failed("the output is missing".to_owned()))?;
        let (shape, numbers) = output.try_extract_tensor::<f32>().map_err(told)?;
        let shape: Vec<usize> = shape
            .iter()
            .map(|x| usize::try_from(*x).unwrap_or(0))
            .collect();
        let pooled = match shape[..] {
            [1, tokens, dimensions] if tokens == ids.len() => {
                pool(self.pooling, numbers, dimensions)
            }
            [1, _] => Some(numbers.to_vec()),
            _ => None,
        };
        pooled.ok_or_else(|| failed(format!("the output has the shape {shape:?}")))
    }
}

fn session(path: &Path, threads: usize) -> Result<Session, String> {
    fn told<T>(error: ort::Error<T>) -> String {
        error.message().to_owned()
    }
    let builder = Session::builder().map_err(told)?;
    let builder = builder
        .with_optimization_level(GraphOptimizationLevel::All)
        .map_err(told)?;
    let builder = builder.with_intra_threads(threads).map_err(told)?;
    let mut builder = builder.with_inter_threads(1).map_err(told)?;
    builder.commit_from_file(path).map_err(told)
}

/// The output that holds a vector for each token, or else one for each text.
fn output(outputs: &[Outlet]) -> Option<String> {
    let rank = |outlet: &Outlet| match outlet.dtype() {
        ValueType::Tensor { shape, .. } => shape.len(),
        _ => 0,
    };
    let by_name = TOKEN_OUTPUTS
        .iter()
        .find_map(|name| outputs.iter().find(|outlet| outlet.name() == *name));
    let by_rank = [3, 2].into_iter();
    let mut by_rank = by_rank.filter_map(|n| outputs.iter().find(|outlet| rank(outlet) == n));
    let found = by_name.or_else(|| by_rank.next())?;
    Some(found.name().to_owned())
}

fn pool(pooling: Pooling, numbers: &[f32], dimensions: usize) -> Option<Vec<f32>> {
    if dimensions == 0 {
        return None;
    }
    let mut tokens = numbers.chunks_exact(dimensions);
    let mut sum = tokens.next()?.to_vec();
    if pooling == Pooling::Mean {
        // The mean's length does not matter, so the sum will do.
        for token in tokens {
            for (x, y) in sum.iter_mut().zip(token) {
                *x += y;
            }
        }
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_added_up_or_the_first_one_is_taken() {
        let numbers = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        assert_eq!(pool(Pooling::Mean, &numbers, 2), Some(vec![9.0, 12.0]));
        assert_eq!(pool(Pooling::First, &numbers, 2), Some(vec![1.0, 2.0]));
        assert_eq!(pool(Pooling::Mean, &[], 2), None);
        assert_eq!(pool(Pooling::Mean, &numbers, 0), None);
    }
}
