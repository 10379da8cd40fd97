//! Files that a command writes.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    process,
};

use crate::failure::{Failure, Problem};

/// Makes `content` the whole of the file at `path`, which is never left half written.
///
/// # Errors
/// [`Problem::FileUnwritable`]; a file that was there is then as it was.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let written = match beside(path) {
        Some(draft) if replaceable(path) => replace(path, &draft, content),
        _ => fs::write(path, content),
    };
    written.map_err(|error| {
        Failure::new(Problem::FileUnwritable)
            .saying(format!("{} cannot be written", path.display()))
            .because(error)
    })
}

/// Links lead somewhere, and pipes and devices have somebody at their other end: they stay what they are.
fn replaceable(path: &Path) -> bool {
    fs::symlink_metadata(path).map_or(true, |there| there.is_file())
}

/// Where to prepare the file that becomes `path`; `None` if `path` names no file.
fn beside(path: &Path) -> Option<PathBuf> {
    let mut name = OsString::from(".");
    name.push(path.file_name()?);
    name.push(format!(".{}.tmp", process::id()));
    Some(path.with_file_name(name))
}

fn replace(path: &Path, draft: &Path, content: &[u8]) -> io::Result<()> {
    let written = draft_of(path, draft)
        .and_then(|mut file| file.write_all(content))
        .and_then(|()| fs::rename(draft, path));
    if written.is_err() {
        // What could not be written may not be there at all.
        let _ = fs::remove_file(draft);
    }
    written
}

/// Whoever may not read the file that is there may not read what takes its place.
fn draft_of(path: &Path, draft: &Path) -> io::Result<File> {
    let file = File::create_new(draft)?;
    if let Ok(there) = fs::metadata(path) {
        file.set_permissions(there.permissions())?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("label.svg");
        for content in ["a longer first content", "second"] {
            write(&path, content.as_bytes()).expect("it is written");
            assert_eq!(fs::read_to_string(&path).expect("it is there"), content);
        }
        assert_eq!(fs::read_dir(&directory).expect("it is there").count(), 1);
    }

    #[test]
    fn a_link_goes_on_leading_where_it_led() {
        let directory = tempfile::tempdir().expect("a directory");
        let (file, link) = (directory.path().join("file"), directory.path().join("link"));
        fs::write(&file, "before").expect("it is written");
        std::os::unix::fs::symlink(&file, &link).expect("a link");
        write(&link, b"after").expect("it is written");
        assert_eq!(fs::read_to_string(&file).expect("it is there"), "after");
        assert!(link.is_symlink());
    }

    #[test]
    fn a_file_that_is_private_stays_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("label.png");
        fs::write(&path, "before").expect("it is written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("it is ours");
        write(&path, b"after").expect("it is written");
        let mode = fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_cannot_be_written_is_said_and_leaves_nothing() {
        let directory = tempfile::tempdir().expect("a directory");
        for path in [
            directory.path().join("missing/label.svg"),
            directory.path().to_path_buf(),
            PathBuf::from("/"),
        ] {
            let failure = write(&path, b"x").expect_err("it cannot be written");
            assert_eq!(failure.problem, Problem::FileUnwritable);
        }
        assert_eq!(fs::read_dir(&directory).expect("it is there").count(), 0);
    }
}
