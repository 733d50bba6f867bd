//! A private root: Debian packages unpacked into the cache without touching the machine, their
//! own C library included when they come from another release.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::debian::apt_install;
use super::place::{Place, is_root, start_over};
use super::programs::Libraries;
use super::run::{on_path, quietly};

const KEYRING_PACKAGE: &str = "debian-archive-keyring";
/// Where a machine that is no Debian finds its packages.
const ARCHIVE: &str = "http://deb.debian.org/debian";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Fetches packages and what they need by apt's own tools with private lists, and unpacks
/// them under the cache. Needs no rights on the machine.
pub(crate) fn unpack(
    place: &Place,
    name: &str,
    release: &str,
    packages: &[&str],
    libraries: Libraries,
) -> Result<PathBuf> {
    let work = place.cache.join(name);
    let root = work.join("root");
    if work.join("complete").exists() {
        return Ok(root);
    }
    if !Path::new(KEYRING).exists() && is_root() {
        // Debian has it from the beginning, Ubuntu as a package.
        apt_install(&[KEYRING_PACKAGE])?;
    }
    if !on_path("apt-get") || !Path::new(KEYRING).exists() {
        bail!(
            "{name} is taken from Debian {release}: this needs apt-get and {KEYRING} (package {KEYRING_PACKAGE})"
        );
    }
    say!(
        "{name}: fetching {} of Debian {release}",
        packages.join(" ")
    );
    start_over(&work)?;
    for dir in ["lists/partial", "archives/partial", "root"] {
        fs::create_dir_all(work.join(dir))?;
    }
    let config = apt_config(&work, release, libraries)?;
    let apt = || {
        let mut command = Command::new("apt-get");
        command.env("APT_CONFIG", &config);
        command
    };
    quietly(apt().arg("update"))
        .with_context(|| format!("cannot read the package lists of {release}"))?;
    let options = [
        "install",
        "-y",
        "--download-only",
        "--no-install-recommends",
    ];
    quietly(apt().args(options).args(packages)).with_context(|| format!("cannot fetch {name}"))?;
    for entry in fs::read_dir(work.join("archives"))?.flatten() {
        let file = entry.file_name().to_string_lossy().into_owned();
        // Only packaging scripts need Perl.
        if file.ends_with(".deb") && !file.starts_with("perl") && !file.starts_with("libperl") {
            quietly(Command::new("dpkg").arg("-x").arg(entry.path()).arg(&root))?;
        }
    }
    fs::remove_dir_all(work.join("archives"))?;
    fs::remove_dir_all(work.join("lists"))?;
    fs::write(work.join("complete"), "")?;
    Ok(root)
}

fn apt_config(work: &Path, release: &str, libraries: Libraries) -> Result<PathBuf> {
    let archive = debian_archive();
    let sources = work.join("sources.list");
    fs::write(
        &sources,
        format!("deb [signed-by={KEYRING}] {archive} {release} main\n"),
    )?;
    // With an empty status file apt counts nothing as installed and fetches every library.
    let status = match libraries {
        Libraries::Own => work.join("status"),
        _ => "/var/lib/dpkg/status".into(),
    };
    if libraries == Libraries::Own {
        fs::write(&status, "")?;
    }
    let dir = work.display();
    let text = format!(
        "Dir::State \"{dir}\";\nDir::State::lists \"{dir}/lists\";\nDir::State::status \"{}\";\n\
         Dir::Cache \"{dir}\";\nDir::Etc::sourcelist \"{}\";\nDir::Etc::sourceparts \"/dev/null\";\n\
         Debug::NoLocking \"1\";\nAcquire::Languages \"none\";\nAPT::Sandbox::User \"root\";\nAcquire::Retries \"3\";\n",
        status.display(),
        sources.display(),
    );
    let config = work.join("apt.conf");
    fs::write(&config, text)?;
    Ok(config)
}

/// The address of the Debian archive in this machine's own apt sources, or the public one.
fn debian_archive() -> String {
    let mut texts: Vec<String> = fs::read_to_string("/etc/apt/sources.list")
        .into_iter()
        .collect();
    let parts = fs::read_dir("/etc/apt/sources.list.d")
        .into_iter()
        .flatten()
        .flatten();
    texts.extend(parts.filter_map(|entry| fs::read_to_string(entry.path()).ok()));
    let lines = texts.iter().flat_map(|text| text.lines());
    let entries = lines.filter(|line| line.starts_with("URIs:") || line.starts_with("deb "));
    let mut words = entries
        .flat_map(str::split_whitespace)
        .filter(|word| word.contains("://"));
    words
        .find(|word| word.trim_end_matches('/').ends_with("/debian"))
        .unwrap_or(ARCHIVE)
        .to_owned()
}
