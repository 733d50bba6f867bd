//! Programs from packages, got by `apt-get`: installed on this machine, or unpacked into a private root.
//! Callers hold the cache's lock.
//!
//! On Debian 12 all is known. Another release, and Ubuntu, has packages of its own: as root they are
//! installed, and otherwise it is said which are missing.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::place::{Place, is_root};
use super::private_root::unpack;
use super::programs::{Libraries, Programs};
use super::run::quietly;

/// The Debian release whose packages can be unpacked without installing them.
const HOST_RELEASE: &str = "bookworm";
const POLICY: &str = "/usr/sbin/policy-rc.d";

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
    if !is_root() && !is_debian_12() {
        bail!(
            "{name} is missing ({}) and this is not Debian 12: as root, apt-get install {}",
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

/// Whether the machine's own packages are those of Debian 12.
pub(crate) fn is_debian_12() -> bool {
    let text = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = text
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    name.is_some_and(|name| name.trim_matches('"') == HOST_RELEASE)
}

/// Installs packages on this machine without starting their services.
pub(super) fn apt_install(packages: &[&str]) -> Result<()> {
    say!("apt-get install {}", packages.join(" "));
    let _policy = NoServices::begin()?;
    let install = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command.args([
            "-o",
            "DPkg::Lock::Timeout=300",
            "-o",
            "Acquire::Retries=3",
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
