//! The file store, and what can happen to a file.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use landfall_device::{
    FileStore, Store, StoreError,
    manager::{Bssid, Credentials, Passphrase, Ssid},
};
use tempfile::TempDir;

fn network(passphrase: &[u8]) -> Credentials {
    Credentials {
        ssid: Ssid::new(b"caf\xe9 \0\xff").expect("short enough"),
        passphrase: Passphrase::new(passphrase).expect("short enough"),
        bssid: Some(Bssid([0, 1, 2, 3, 4, 0xff])),
        channel: Some(11),
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("there").permissions().mode() & 0o777
}

/// A folder with a store in it that has credentials.
fn saved() -> (TempDir, FileStore) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = FileStore::open(folder.path().join("state")).expect("free");
    store.save(&network(b"mypassword")).expect("writable");
    (folder, store)
}

fn file(folder: &TempDir) -> std::path::PathBuf {
    folder.path().join("state/credentials.json")
}

#[test]
fn what_was_saved_is_there_after_a_restart() {
    let (folder, mut store) = saved();
    assert_eq!(store.load().expect("readable"), Some(network(b"mypassword")));
    store.save(&network(b"")).expect("writable");
    drop(store);
    let mut store = FileStore::open(folder.path().join("state")).expect("free again");
    assert_eq!(store.load().expect("readable"), Some(network(b"")));
    store.erase().expect("writable");
    store.erase().expect("nothing to erase is no error");
    assert_eq!(store.load().expect("readable"), None);
}

#[test]
fn nobody_else_can_read_it() {
    let (folder, mut store) = saved();
    assert_eq!(mode(&folder.path().join("state")), 0o700);
    assert_eq!(mode(&file(&folder)), 0o600);
    let left_over = folder.path().join("state/credentials.json.new");
    fs::write(&left_over, "half a rec").expect("writable");
    fs::set_permissions(&left_over, fs::Permissions::from_mode(0o666)).expect("ours");
    store.save(&network(b"mypassword")).expect("writable");
    assert_eq!(mode(&file(&folder)), 0o600);
}

#[test]
fn a_crash_before_the_replacement_leaves_the_earlier_ones() {
    let (folder, store) = saved();
    fs::write(
        folder.path().join("state/credentials.json.new"),
        "{\"version\": 1, \"ss",
    )
    .expect("writable");
    assert_eq!(store.load().expect("readable"), Some(network(b"mypassword")));
}

#[test]
fn a_file_cut_anywhere_is_set_aside_and_told_of_once() {
    let whole = fs::read(file(&saved().0)).expect("readable");
    let shortest = whole.trim_ascii_end().len();
    for len in 0..shortest {
        let (folder, store) = saved();
        fs::write(file(&folder), &whole[..len]).expect("writable");
        let Err(StoreError::Damaged { moved_to, .. }) = store.load() else {
            panic!("{len} bytes of {shortest}")
        };
        assert_eq!(fs::read(moved_to).expect("kept"), &whole[..len]);
        assert_eq!(store.load().expect("readable"), None);
    }
}

#[test]
fn no_changed_digit_goes_unnoticed() {
    let whole = fs::read(file(&saved().0)).expect("readable");
    let (folder, store) = saved();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(file(&folder), &changed).expect("writable");
        match store.load() {
            Err(StoreError::Damaged { .. } | StoreError::LaterFormat { .. }) => {}
            Ok(Some(loaded)) => assert_eq!(loaded, network(b"mypassword"), "byte {at} is only layout"),
            other => panic!("byte {at}: {other:?}"),
        }
    }
}

#[test]
fn damaged_files_are_kept_beside_each_other_until_erased() {
    let (folder, mut store) = saved();
    for number in 1..=3 {
        fs::write(file(&folder), "nonsense").expect("writable");
        let Err(StoreError::Damaged { moved_to, .. }) = store.load() else {
            panic!("{number}")
        };
        assert!(moved_to.ends_with(format!("credentials.json.damaged-{number}")));
    }
    store.erase().expect("writable");
    let left: Vec<_> = fs::read_dir(folder.path().join("state"))
        .expect("there")
        .map(|f| f.expect("f").file_name())
        .collect();
    assert_eq!(left, ["lock"]);
}

#[test]
fn a_file_of_a_later_version_is_left_alone() {
    let (folder, store) = saved();
    fs::write(file(&folder), "{\"version\": 2, \"networks\": []}").expect("writable");
    assert!(matches!(store.load(), Err(StoreError::LaterFormat { version: 2, .. })));
    assert!(file(&folder).exists());
}

#[test]
fn a_second_device_on_one_folder_is_refused() {
    let (folder, store) = saved();
    let second = FileStore::open(folder.path().join("state"));
    assert!(matches!(second, Err(StoreError::InUse { .. })), "{second:?}");
    drop(store);
    FileStore::open(folder.path().join("state")).expect("free again");
}

#[test]
fn no_error_shows_a_passphrase() {
    let (folder, store) = saved();
    let text = fs::read_to_string(file(&folder)).expect("readable");
    fs::write(
        file(&folder),
        text.replacen("\"version\": 1", "\"version\": 1, \"x\": 1", 1),
    )
    .expect("writable");
    let error = store.load().expect_err("damaged");
    let secret = "6d7970617373776f7264";
    assert!(text.contains(secret));
    assert!(!format!("{error} {error:?} {store:?}").contains(secret));
}
