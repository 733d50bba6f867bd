//! Where a provider is, what it is asked for, and what it allows.

use std::path::PathBuf;

use hyper::Uri;
use serde::{Deserialize, Serialize};

use super::ANSWER_TIME;
use crate::embed::EmbedError;
use crate::embed::error::Problem;
use crate::limits::{
    DIMENSIONS_MAX, EMBED_REQUEST_BYTES_MAX, EMBED_REQUEST_TOKENS_MAX, EMBED_TEXT_TOKENS_MAX,
    EMBED_TEXTS_MAX,
};

/// Longest time that may be set for an answer.
const ANSWER_SECONDS_MAX: u64 = 60 * 60;

/// A provider: its address and how its key is had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Where its API begins, for example `https://api.openai.com/v1`; `/embeddings` is added.
    pub base_url: String,
    /// A file with the key. It is read for each request, so that a new key needs no restart.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// Name of the environment variable with the key.
    #[serde(default)]
    pub key_variable: Option<String>,
    /// Sends the key over a connection that is not encrypted, to another machine.
    #[serde(default)]
    pub key_in_clear: bool,
    /// PEM file of the certificate authorities to trust instead of those that browsers do.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Seconds that an answer may take, 60 when nothing is said, an hour at most.
    #[serde(default = "answer_seconds")]
    pub answer_seconds: u64,
}

fn answer_seconds() -> u64 {
    ANSWER_TIME.as_secs()
}

impl Provider {
    /// A provider without a key.
    pub fn new(base_url: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            key_file: None,
            key_variable: None,
            key_in_clear: false,
            ca_file: None,
            answer_seconds: answer_seconds(),
        }
    }

    /// The address in its parts. What is wrong with it is told without it: people put keys into addresses.
    pub(super) fn address(&self) -> Result<Address, EmbedError> {
        let url: Uri = self
            .base_url
            .parse()
            .map_err(|_| invalid("base_url is no URL"))?;
        let encrypted = match url.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(invalid("base_url begins with neither https:// nor http://")),
        };
        let authority = url.authority().map(|authority| authority.as_str());
        if authority.unwrap_or_default().contains('@') || url.query().is_some() {
            return Err(invalid(
                "base_url has a user, a password or a query in it: name a file or variable for the key",
            ));
        }
        let host = url.host().unwrap_or_default();
        if host.is_empty() {
            return Err(invalid("base_url names no host"));
        }
        let default = if encrypted { 443 } else { 80 };
        let address = Address {
            encrypted,
            host: host.trim_matches(['[', ']']).to_owned(),
            authority: authority.unwrap_or_default().to_owned(),
            port: url.port_u16().unwrap_or(default),
            path: url.path().trim_end_matches('/').to_owned(),
        };
        let has_key = self.key_file.is_some() || self.key_variable.is_some();
        if has_key && !encrypted && !self.key_in_clear && !address.is_this_machine() {
            return Err(invalid(
                "the key would go over an unencrypted connection to another machine: use https://, or set key_in_clear",
            ));
        }
        if !(1..=ANSWER_SECONDS_MAX).contains(&self.answer_seconds) {
            let most = ANSWER_SECONDS_MAX;
            return Err(invalid(format!("answer_seconds must be from 1 to {most}")));
        }
        Ok(address)
    }
}

/// Where a provider is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) encrypted: bool,
    /// Without the brackets of an IPv6 address.
    pub(super) host: String,
    /// Host and port as they are written.
    pub(super) authority: String,
    pub(super) port: u16,
    pub(super) path: String,
}

impl Address {
    fn is_this_machine(&self) -> bool {
        let ip = self.host.parse::<std::net::IpAddr>();
        self.host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
    }
}

/// How a provider writes vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VectorFormat {
    /// As bytes, a quarter of the size.
    #[default]
    Base64,
    /// As numbers, for servers that know nothing else.
    Float,
}

impl VectorFormat {
    pub(super) fn name(self) -> &'static str {
        match self {
            VectorFormat::Base64 => "base64",
            VectorFormat::Float => "float",
        }
    }
}

/// What a provider takes in one request. The defaults are OpenAI's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RemoteLimits {
    /// Texts of a request, at most 2,048.
    pub texts: u32,
    /// Tokens of a text, at most 8,192 when nothing is said.
    pub text_tokens: u32,
    /// Tokens of a request, 300,000 when nothing is said.
    pub request_tokens: u32,
    /// Bytes of the texts of a request, 8 MiB when nothing is said.
    pub request_bytes: u32,
}

impl Default for RemoteLimits {
    fn default() -> Self {
        Self {
            texts: EMBED_TEXTS_MAX,
            text_tokens: EMBED_TEXT_TOKENS_MAX,
            request_tokens: EMBED_REQUEST_TOKENS_MAX,
            request_bytes: EMBED_REQUEST_BYTES_MAX,
        }
    }
}

/// A model at a provider, and what it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteSettings {
    /// Where it is.
    pub provider: Provider,
    /// The model's name at the provider.
    pub model: String,
    /// Numbers of its vectors, at most 16,384.
    pub dimensions: u32,
    /// Asks for vectors of that many dimensions, which some models can shorten.
    #[serde(default)]
    pub ask_dimensions: bool,
    /// Tells versions of the model apart, where its name does not.
    #[serde(default)]
    pub revision: String,
    /// How it writes vectors.
    #[serde(default)]
    pub format: VectorFormat,
    /// What is put before a query, as some models want it.
    #[serde(default)]
    pub query_prefix: String,
    /// What is put before a passage.
    #[serde(default)]
    pub passage_prefix: String,
    /// What it takes in one request.
    #[serde(default)]
    pub limits: RemoteLimits,
}

impl RemoteSettings {
    /// A model at a provider, everything else as it comes.
    pub fn new(provider: Provider, model: impl Into<String>, dimensions: u32) -> Self {
        Self {
            provider,
            model: model.into(),
            dimensions,
            ask_dimensions: false,
            revision: String::new(),
            format: VectorFormat::default(),
            query_prefix: String::new(),
            passage_prefix: String::new(),
            limits: RemoteLimits::default(),
        }
    }

    pub(super) fn check(&self) -> Result<(), EmbedError> {
        if self.model.trim().is_empty() {
            return Err(invalid("model is empty"));
        }
        if !(1..=DIMENSIONS_MAX).contains(&self.dimensions) {
            return Err(invalid(format!(
                "dimensions must be from 1 to {DIMENSIONS_MAX}"
            )));
        }
        let limits = self.limits;
        let mut counts = [
            limits.text_tokens,
            limits.request_tokens,
            limits.request_bytes,
        ]
        .into_iter();
        if !(1..=EMBED_TEXTS_MAX).contains(&limits.texts) || counts.any(|count| count == 0) {
            let most = EMBED_TEXTS_MAX;
            return Err(invalid(format!(
                "limits must be above zero, and limits.texts at most {most}"
            )));
        }
        if limits.request_bytes > EMBED_REQUEST_BYTES_MAX {
            let most = EMBED_REQUEST_BYTES_MAX;
            return Err(invalid(format!(
                "limits.request_bytes must be at most {most}"
            )));
        }
        Ok(())
    }
}

pub(super) fn invalid(cause: impl Into<String>) -> EmbedError {
    EmbedError::new(Problem::InvalidSettings, cause)
}
