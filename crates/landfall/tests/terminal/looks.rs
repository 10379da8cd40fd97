//! What it looks like: windows of any size, no colours, hostile names, secrets that stay unseen.

use crate::{
    path,
    support::Device,
    tmux::{Surroundings, Terminal},
    world,
};

/// The window shows one list, and no line of it is wrapped or runs into the next one.
#[track_caller]
fn assert_one_list(shown: &str) {
    let count = |text: &str| shown.lines().filter(|line| line.contains(text)).count();
    assert_eq!((count("Which network?"), count("Other network")), (1, 1), "{shown}");
    let top = shown.lines().position(|line| line.contains("Which network?"));
    let bottom = shown.lines().position(|line| line.starts_with("Enter takes it"));
    let lines = top.zip(bottom).map(|(top, bottom)| bottom - top);
    assert_eq!(
        lines,
        Some(7),
        "title, heading, four networks, another one, keys:\n{shown}"
    );
}

#[test]
fn a_narrow_window_has_fewer_columns_and_wraps_nothing() {
    let device = Device::start(&[]);
    let terminal = Terminal::start(
        &device,
        Surroundings {
            columns: 40,
            ..Surroundings::USUAL
        },
    );
    terminal.landfall("provision");
    let shown = terminal.wait_for("4 networks");
    assert_one_list(&shown);
    assert!(shown.contains("▂▄▆█") && !shown.contains("dBm"), "{shown}");
    terminal.press(&["2", "Enter"]);
    terminal.wait_for("Passphrase of MobileHotspot");
}

#[test]
fn a_window_that_changes_its_size_shows_one_list() {
    let device = Device::start(&[]);
    let terminal = Terminal::of(&device);
    terminal.landfall("provision");
    terminal.wait_for("4 networks");
    for (columns, has_strength) in [(40, false), (100, true), (52, true), (30, false), (100, true)] {
        terminal.resize(columns, 30);
        let shown = terminal.wait_until("a list of this width", |shown| {
            let keys = shown.lines().find(|line| line.starts_with("Enter takes it"));
            keys.is_some_and(|line| line.chars().count() == usize::from(columns - 1).min(75))
        });
        assert_one_list(&shown);
        assert_eq!(shown.contains("dBm"), has_strength, "{columns}:\n{shown}");
    }
    terminal.press(&["2"]);
    terminal.wait_for_cursor_on("MobileHotspot");
}

#[test]
fn a_list_that_is_longer_than_the_window_scrolls() {
    let networks = (1..=16).map(|number| {
        let rssi = -30 - number;
        format!("[[access_point]]\nssid = \"Net{number:02}\"\npassphrase = \"mypassword\"\nrssi = {rssi}\n")
    });
    let world = world(&networks.collect::<String>());
    let device = Device::start(&["--world", path(&world)]);
    let terminal = Terminal::start(
        &device,
        Surroundings {
            rows: 12,
            ..Surroundings::USUAL
        },
    );
    terminal.landfall("provision");
    let shown = terminal.wait_for("16 networks");
    assert!(shown.contains("Net01") && !shown.contains("Net13"), "{shown}");
    terminal.press(&["1", "3"]);
    terminal.wait_for_cursor_on("Net13");
    let shown = terminal.shown();
    assert!(!shown.contains("Net01") && shown.contains("Which network?"), "{shown}");
    terminal.press(&["End"]);
    terminal.wait_for_cursor_on("Other network");
    terminal.press(&["PageUp"]);
    terminal.wait_for_cursor_on("Net09");
    terminal.press(&["Home"]);
    terminal.wait_for_cursor_on("Net01");
}

#[test]
fn without_colours_everything_can_be_told_apart() {
    let no_color = &[
        ("LANG", "C.UTF-8"),
        ("LANDFALL_PASSWORD", "abcd1234"),
        ("NO_COLOR", "1"),
    ];
    // One that takes its time, so that the step can be seen.
    let world = world(
        "[[access_point]]\nssid = \"MyHomeWiFiAP\"\nrssi = -40\n\
         [[access_point]]\nssid = \"MobileHotspot\"\nrssi = -50\npassphrase = \"mypassword\"\njoin_ms = 4000\n",
    );
    for (variables, flag) in [(&no_color[..], ""), (Surroundings::USUAL.variables, " --color never")] {
        let device = Device::start(&["--world", path(&world)]);
        let terminal = Terminal::start(
            &device,
            Surroundings {
                variables,
                ..Surroundings::USUAL
            },
        );
        terminal.landfall(&format!("provision{flag}"));
        terminal.wait_for("2 networks");
        terminal.wait_for_cursor_on("MyHomeWiFiAP");
        assert!(!terminal.painted().contains('\x1b'), "{:?}", terminal.painted());
        terminal.press(&["2", "Enter"]);
        terminal.wait_for("Passphrase of MobileHotspot");
        terminal.line("mypassword");
        terminal.wait_for("is joining");
        assert!(!terminal.painted().contains('\x1b'), "{:?}", terminal.painted());
        terminal.wait_for_exit(0);
    }
}

#[test]
fn with_colours_the_list_has_some() {
    let device = Device::start(&[]);
    let terminal = Terminal::of(&device);
    terminal.landfall("provision");
    terminal.wait_for("4 networks");
    assert!(terminal.painted().contains('\x1b'));
}

#[test]
fn a_terminal_that_can_draw_nothing_gets_numbers() {
    let device = Device::start(&[]);
    let variables = &[("LANG", "C.UTF-8"), ("LANDFALL_PASSWORD", "abcd1234"), ("TERM", "dumb")];
    let terminal = Terminal::start(
        &device,
        Surroundings {
            variables,
            ..Surroundings::USUAL
        },
    );
    terminal.line("landfall provision; echo exit $?");
    terminal.wait_for("Network (1 to 4, 0 to scan again, h for a hidden one): ");
    terminal.line("9");
    terminal.wait_for("There are 4 networks.");
    terminal.line("h");
    terminal.wait_for("Name of the network: ");
    terminal.line("myssid");
    terminal.wait_for("Passphrase of myssid (empty if it is open): ");
    terminal.line("mypassword");
    let shown = terminal.wait_for_exit(0);
    assert!(
        shown.contains("The device takes them and begins to join ..."),
        "{shown}"
    );
    assert!(shown.contains("The device is on myssid"), "{shown}");
}

#[test]
fn a_network_cannot_move_the_cursor_by_its_name() {
    let world = world(
        "[[access_point]]\nssid = \"\\u001b[2J\\u001b[Hgone\\r\\n\"\npassphrase = \"mypassword\"\nrssi = -30\n\
         [[access_point]]\nssid = \"家のネットワーク\"\npassphrase = \"mypassword\"\nrssi = -40\n\
         [[access_point]]\nssid = \"\\u009b31mred\"\npassphrase = \"mypassword\"\nrssi = -50\n\
         [[access_point]]\nssid_hex = \"fffe00\"\npassphrase = \"mypassword\"\nrssi = -60\n",
    );
    let device = Device::start(&["--world", path(&world)]);
    let terminal = Terminal::of(&device);
    terminal.landfall("provision");
    let shown = terminal.wait_for("4 networks");
    assert_one_list(&shown);
    for name in [
        "\\x1b[2J\\x1b[Hgone\\x0d\\x0a",
        "家のネットワーク",
        "\\xc2\\x9b31mred",
        "\\xff\\xfe\\x00",
    ] {
        assert!(shown.contains(name), "{name}:\n{shown}");
    }
    let columns: Vec<usize> = shown
        .lines()
        .filter_map(|line| line.split_once("WPA2"))
        .map(|(before, _)| {
            before
                .chars()
                .map(|c| {
                    if c.is_ascii() || "▂▄▆█".contains(c) {
                        1
                    } else {
                        2
                    }
                })
                .sum()
        })
        .collect();
    assert!(
        columns.len() == 4 && columns.windows(2).all(|pair| pair[0] == pair[1]),
        "{columns:?}\n{shown}"
    );
    terminal.press(&["Enter"]);
    let shown = terminal.wait_for("Passphrase of \\x1b[2J\\x1b[Hgone\\x0d\\x0a (WPA2): ");
    terminal.line("mypassword");
    terminal.wait_for_exit(0);
    assert!(shown.contains("Session open"), "nothing above is gone:\n{shown}");
}

/// Whether the step shows its seconds, and they have grown.
fn counts(shown: &str, step: &str) -> bool {
    let seconds = shown.split(step).nth(1).and_then(|rest| rest.chars().next());
    seconds.is_some_and(|digit| ('1'..='9').contains(&digit))
}

#[test]
fn the_step_under_way_shows_its_seconds() {
    let world = world("[[access_point]]\nssid = \"slow\"\npassphrase = \"mypassword\"\njoin_ms = 5000\n");
    for (locale, pictures) in [("C.UTF-8", "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"), ("C", "|/-\\")] {
        let device = Device::start(&["--world", path(&world)]);
        let variables = &[("LC_ALL", locale), ("LANDFALL_PASSWORD", "abcd1234")];
        let terminal = Terminal::start(
            &device,
            Surroundings {
                variables,
                ..Surroundings::USUAL
            },
        );
        terminal.landfall("provision --ssid slow");
        terminal.wait_for("Passphrase of slow");
        terminal.line("mypassword");
        let shown = terminal.wait_until("its seconds", |shown| counts(shown, " The device is joining slow ... "));
        let step = shown
            .lines()
            .find(|line| line.contains("is joining"))
            .expect("it was seen");
        assert!(step.starts_with(|c| pictures.contains(c)), "{step}");
        let shown = terminal.wait_for_exit(0);
        assert!(!shown.contains("is joining"), "the result replaces the step:\n{shown}");
        assert!(
            !shown.contains("begins to join"),
            "who saw the step need not read of it:\n{shown}"
        );
        assert!(shown.contains(" s  The device is on slow"), "{shown}");
    }
}

#[test]
fn what_is_printed_beside_a_step_is_not_torn() {
    let device = Device::start(&["--attempts", "4"]);
    let terminal = Terminal::of(&device);
    terminal.landfall("provision --ssid myssid --passphrase notmypassword");
    let shown = terminal.wait_for_exit(5);
    let told: Vec<&str> = shown
        .lines()
        .filter_map(|line| {
            line.split_once(" s  ")
                .filter(|(time, _)| time.trim().parse::<f64>().is_ok())
        })
        .map(|(_, told)| told)
        .collect();
    assert_eq!(
        told,
        [
            "Session open, encrypted (security 2).",
            "Credentials for myssid sent.",
            "An attempt failed; 3 more are left.",
            "An attempt failed; 2 more are left.",
            "An attempt failed; one more is left.",
            "The device could not join: the network refuses the passphrase.",
        ],
        "{shown}"
    );
}

#[test]
fn a_scan_to_look_at_comes_in_live_and_stays_as_a_table() {
    let world = world(
        "scan_ms = 5000\n[[access_point]]\nssid = \"one\"\nrssi = -40\n[[access_point]]\nssid = \"two\"\nrssi = -50\n",
    );
    let device = Device::start(&["--world", path(&world)]);
    let terminal = Terminal::of(&device);
    terminal.landfall("scan");
    terminal.wait_until("its seconds", |shown| counts(shown, "Scanning ... "));
    let shown = terminal.wait_for_exit(0);
    assert!(!shown.contains("Scanning"), "{shown}");
    let rows: Vec<&str> = shown.lines().filter(|line| line.contains("dBm")).collect();
    assert_eq!(rows.len(), 2, "{shown}");
    assert!(
        rows[0].starts_with("  1.  one") && rows[1].starts_with("  2.  two"),
        "{shown}"
    );
}

#[test]
fn no_secret_is_seen_while_it_is_typed_or_after() {
    let device = Device::start(&["--attempts", "1"]);
    let variables = &[("LANG", "C.UTF-8")];
    let terminal = Terminal::start(
        &device,
        Surroundings {
            variables,
            ..Surroundings::USUAL
        },
    );
    terminal.landfall("provision --ssid myssid");
    let secrets = ["notmypassword", "abcd1234", "mypassword"];
    for (prompt, secret) in [
        ("Passphrase of", secrets[0]),
        ("Password: ", secrets[1]),
        ("Try again", secrets[2]),
    ] {
        terminal.wait_for(prompt);
        terminal.text(secret);
        assert!(!terminal.shown().contains(&secret[..4]), "{}", terminal.shown());
        terminal.line("");
    }
    terminal.wait_for_exit(0);
    let history = terminal.history();
    for secret in secrets {
        assert!(!history.contains(secret), "{history}");
    }
}
