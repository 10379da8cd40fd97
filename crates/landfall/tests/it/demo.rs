//! The main job, as a newcomer sees it.

use crate::support::{Finished, landfall, redact};

/// The lines of one side: how both interleave is a matter of microseconds.
fn side(finished: &Finished, mark: &str) -> String {
    let lines = finished
        .stdout
        .lines()
        .filter(|line| line.starts_with(mark) && !line.contains("PROV_"));
    redact(&lines.map(|line| format!("{line}\n")).collect::<String>())
}

#[test]
fn a_device_without_a_network_becomes_a_device_with_one() {
    let shown = landfall(&["demo"]);
    assert_eq!((shown.code, shown.stderr.as_str()), (0, ""));
    insta::assert_snapshot!("device", side(&shown, "device |"));
    insta::assert_snapshot!("client", side(&shown, "client |"));
    insta::assert_snapshot!(
        "end",
        redact(
            &shown
                .stdout
                .lines()
                .rev()
                .take(2)
                .map(|line| format!("{line}\n"))
                .collect::<String>()
        )
    );
}

#[test]
fn a_failing_try_is_followed_by_a_good_one() {
    for (how, reason) in [
        ("wrong-password", "refuses the passphrase"),
        ("not-found", "no network of this name"),
    ] {
        for scheme in ["1", "2"] {
            let shown = landfall(&["demo", "--fail", how, "--sec-ver", scheme]);
            let (failed, joined) = (shown.stdout.find(reason), shown.stdout.find("The device is on myssid"));
            assert_eq!(shown.code, 0, "{how}");
            assert!(failed.is_some() && failed < joined, "{how}: {}", shown.stdout);
        }
    }
}

#[test]
fn machines_see_both_ends() {
    let names = landfall(&["demo", "--json", "--sec-ver", "0"]).event_names();
    for name in [
        "device_listening",
        "device_credentials_received",
        "device_connected",
        "joined",
        "device_ended",
        "demo_done",
    ] {
        assert!(names.iter().any(|seen| seen == name), "{name} is missing in {names:?}");
    }
}

#[test]
fn colour_marks_the_sides() {
    let shown = landfall(&["demo", "--sec-ver", "0", "--color", "always"]);
    assert!(shown.stdout.contains("\x1b[36mdevice |\x1b[0m"));
    assert!(shown.stdout.contains("\x1b[35mclient |\x1b[0m"));
    assert!(!landfall(&["demo", "--sec-ver", "0"]).stdout.contains('\x1b'));
}
