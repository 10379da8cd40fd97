//! Settings from a file, the environment and the command line, and what is told of them.

use core::iter;
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Device, Finished, LANDFALL, command, landfall, run};

const SECRET: &str = "hush-CFG-1207";

/// A file that only its owner can read, in a directory of its own.
fn file(text: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("device.toml");
    fs::write(&path, text).expect("it can be written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("it is ours");
    (directory, path)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

/// Runs `landfall simulate` with a file of `text`, from the file's directory, so that it is called `device.toml`.
fn with_file(content: &str, args: &[&str], variables: &[(&str, &str)]) -> Finished {
    let (directory, _) = file(content);
    let all = [&["simulate", "--config", "device.toml"], args].concat();
    let mut command = command(LANDFALL, &all);
    command.current_dir(directory.path()).envs(variables.iter().copied());
    run(command)
}

/// What `--print-config` says of `key`: value, origin, place.
#[track_caller]
fn shown(finished: &Finished, key: &str) -> (Value, String, String) {
    assert_eq!(finished.code, 0, "{key}: {}", finished.stderr);
    let events = finished.events();
    let event = events
        .iter()
        .find(|event| event["key"] == key)
        .expect("every setting is shown");
    let word = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
    (event["value"].clone(), word("origin"), word("place"))
}

/// Every setting, as the program lists them, with its variable.
fn settings() -> Vec<String> {
    let events = landfall(&["simulate", "--print-config", "--json"]).events();
    events
        .iter()
        .map(|event| event["key"].as_str().expect("every setting has a key").to_owned())
        .collect()
}

fn variable(key: &str) -> String {
    match key {
        "port" => "LANDFALL_DEVICE_PORT".to_owned(),
        "hci" => "LANDFALL_DEVICE_HCI".to_owned(),
        "adapter" => "LANDFALL_DEVICE_ADAPTER".to_owned(),
        key => format!("LANDFALL_{}", key.to_uppercase()),
    }
}

/// Three values for a setting, different from its default where they can be, and what else it needs beside it.
fn samples(key: &str) -> ([Value; 3], &'static str) {
    let switch = [true.into(), false.into(), true.into()];
    let numbers = |all: [u32; 3]| all.map(Value::from);
    let words = |all: [&str; 3]| all.map(Value::from);
    match key {
        "transport" => (words(["console", "softap", "console"]), ""),
        "generation" => (words(["network", "wifi", "network"]), ""),
        "listen" => (words(["127.0.0.1:1", "[::1]:2", "127.0.0.1:3"]), ""),
        "hci" => (words(["tcp:127.0.0.1:1", "/dev/a", "/dev/b,115200"]), ""),
        "service_uuid" => (
            words([
                "00000000-0000-1000-8000-00805f9b34fb",
                "1775244d-6b43-439b-877c-060f2d9bed07",
                "0000ffff-0000-1000-8000-00805f9b34fb",
            ]),
            "",
        ),
        "ble_address" => (
            words(["C0:00:00:00:00:01", "D0:00:00:00:00:01", "F0:00:00:00:00:01"]),
            "",
        ),
        "manufacturer_data" => (words(["e502", "e50207", "0102"]), ""),
        "keep_ble_on" => (words(["stay", "disconnect", "stay"]), ""),
        "ble_mtu" => (numbers([23, 185, 508]), ""),
        "baud" | "attempts" => (numbers([7, 8, 9]), ""),
        "sec_ver" => (numbers([0, 1, 2]), ""),
        "port" | "link" | "world" | "state" | "pop_file" | "password_file" => (words(["/a", "/b", "/c"]), ""),
        "name" | "adapter" | "username" | "pop" | "password" => (words(["one", "two", "three"]), ""),
        "salt" => (words(["01", "02", "03"]), "verifier = \"aa\"\n"),
        "verifier" => (words(["01", "02", "03"]), "salt = \"aa\"\n"),
        "erase"
        | "once"
        | "no_auto_stop"
        | "qr_password"
        | "insecure_static_nonce"
        | "ble_encryption"
        | "ble_notify" => (switch, ""),
        new => panic!("{new} is a new setting: give it three values here"),
    }
}

#[test]
fn each_setting_is_taken_from_the_nearest_layer() {
    for key in settings() {
        let ([in_file, in_variable, in_flag], beside) = samples(&key);
        let content = format!("\n{key} = {in_file}\n{beside}");
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let flag = format!("--{}={}", key.replace('_', "-"), plain(&in_flag));
        let (name, from_variable) = (variable(&key), plain(&in_variable));
        let print = ["--print-config", "--json"];
        let default = shown(&landfall(&[&["simulate"][..], &print].concat()), &key);
        let by_file = shown(&with_file(&content, &print, &[]), &key);
        let by_variable = shown(&with_file(&content, &print, &[(&name, &from_variable)]), &key);
        let all = [&print[..], &[&flag]].concat();
        let by_flag = shown(&with_file(&content, &all, &[(&name, &from_variable)]), &key);

        let is_masked = ["pop", "password", "salt", "verifier"].contains(&key.as_str());
        let expected = |value: &Value| if is_masked { "********".into() } else { value.clone() };
        assert_eq!(default.1, "default", "{key}");
        let file = (expected(&in_file), "file".to_owned(), "device.toml:2".to_owned());
        assert_eq!(by_file, file, "{key}");
        assert_eq!(
            by_variable,
            (expected(&in_variable), "environment".to_owned(), name),
            "{key}"
        );
        let typed = (expected(&in_flag), "command line".to_owned(), String::new());
        assert_eq!(by_flag, typed, "{key}");
    }
}

#[test]
fn an_empty_variable_is_as_good_as_none() {
    let variables = [("LANDFALL_NAME", ""), ("LANDFALL_POP", ""), ("LANDFALL_CONFIG", "")];
    let mut command = command(LANDFALL, &["simulate", "--print-config", "--json"]);
    command.envs(variables);
    let finished = run(command);
    for key in ["name", "pop"] {
        assert_eq!(shown(&finished, key).1, "default", "{key}");
    }
}

#[test]
fn a_variable_can_name_the_file() {
    let (_directory, path) = file("attempts = 3\n");
    let mut command = command(LANDFALL, &["simulate", "--print-config", "--json"]);
    command.env("LANDFALL_CONFIG", &path);
    assert_eq!(shown(&run(command), "attempts").0, 3);
}

#[test]
fn what_excludes_a_nearer_setting_gives_way() {
    let content = "pop_file = \"secret\"\nsalt = \"00\"\nverifier = \"aa\"\nlink = \"tty\"\n";
    let args = ["--print-config", "--json", "--pop", "x", "--port", "/dev/null"];
    let finished = with_file(content, &args, &[("LANDFALL_PASSWORD", "y")]);
    for (key, origin) in [
        ("pop", "command line"),
        ("pop_file", "default"),
        ("password", "environment"),
        ("salt", "default"),
        ("verifier", "default"),
        ("port", "command line"),
        ("link", "default"),
    ] {
        assert_eq!(shown(&finished, key).1, origin, "{key}");
    }
}

#[test]
fn what_excludes_each_other_in_one_layer_is_an_error() {
    let failed = with_file("pop = \"a\"\npop_file = \"b\"\n", &[], &[]);
    assert_eq!(failed.code, 2);
    insta::assert_snapshot!("two_that_exclude_each_other", failed.redacted());
    let failed = with_file("", &[], &[("LANDFALL_POP", "a"), ("LANDFALL_POP_FILE", "b")]);
    assert_eq!(failed.code, 2);
    assert!(
        failed.stderr.contains("LANDFALL_POP_FILE cannot stand beside `pop`"),
        "{}",
        failed.stderr
    );
    let failed = landfall(&["simulate", "--pop", "a", "--pop-file", "b"]);
    assert_eq!(failed.code, 2);
    assert!(failed.stderr.contains("cannot be used with"), "{}", failed.stderr);
}

#[test]
fn half_of_a_pair_is_told_with_its_other_half() {
    let failed = with_file("salt = \"00\"\n", &[], &[]);
    assert_eq!(failed.code, 2);
    assert!(failed.stderr.contains("`verifier` is missing"), "{}", failed.stderr);
    let typed = landfall(&["simulate", "--salt", "00"]);
    assert_eq!(typed.code, 2);
    assert!(typed.stderr.contains("--verifier"), "{}", typed.stderr);
    // Each half may come from a layer of its own.
    let both = with_file("salt = \"00\"\n", &["--print-config", "--verifier", "aa"], &[]);
    assert_eq!(both.code, 0, "{}", both.stderr);
}

#[test]
fn the_nearest_secret_chooses_the_scheme() {
    let chosen = |content: &str, args: &[&str], variables: &[(&str, &str)]| {
        // The address is no one's to have, so the program ends at once.
        let ended = with_file(content, &[args, &["--listen", "192.0.2.1:1"]].concat(), variables);
        assert_ne!(ended.code, 0);
        [
            "security 1 takes no password",
            "security 2 takes no proof of possession",
        ]
        .map(|unused| ended.stderr.contains(unused))
    };
    let pop_wins = [true, false];
    let password_wins = [false, true];
    assert_eq!(chosen("password = \"x\"\n", &["--pop", "y"], &[]), pop_wins);
    assert_eq!(chosen("pop = \"x\"\n", &["--password", "y"], &[]), password_wins);
    assert_eq!(chosen("pop = \"x\"\npassword = \"y\"\n", &[], &[]), password_wins);
    assert_eq!(chosen("", &["--pop", "y"], &[("LANDFALL_PASSWORD", "x")]), pop_wins);
    assert_eq!(
        chosen("sec_ver = 2\npassword = \"x\"\n", &["--pop", "y"], &[]),
        password_wins
    );
}

#[test]
fn what_print_config_prints_is_a_file_that_says_the_same() {
    let content = format!(
        "transport = \"console\"\nattempts = 0x0a\nonce = true\nname = \"caf\u{e9} \\\"\\\\ \\u001b\"\nstate = \"st\"\n\
         pop = \"{SECRET}\"\nworld = \"office.toml\"\n"
    );
    let printed = with_file(
        &content,
        &["--print-config", "--baud", "9600"],
        &[("LANDFALL_SEC_VER", "1")],
    );
    assert_eq!(printed.code, 0, "{}", printed.stderr);
    assert!(!printed.stdout.contains('\u{1b}'), "{}", printed.stdout);

    let values = |finished: &Finished| -> Vec<(String, Value)> {
        let all = settings().into_iter().map(|key| (key.clone(), shown(finished, &key).0));
        all.filter(|(key, _)| key != "pop").collect()
    };
    let (directory, path) = file(&printed.stdout);
    let again = landfall(&["simulate", "--config", text(&path), "--print-config", "--json"]);
    let args = ["--print-config", "--json", "--baud", "9600"];
    let before = with_file(&content, &args, &[("LANDFALL_SEC_VER", "1")]);
    let without_directory = |values: Vec<(String, Value)>| -> Vec<(String, Value)> {
        values
            .into_iter()
            .filter(|(key, _)| key != "state" && key != "world")
            .collect()
    };
    assert_eq!(without_directory(values(&again)), without_directory(values(&before)));
    // Paths are printed so that they stay the same from everywhere.
    let state = shown(&again, "state").0;
    assert!(Path::new(state.as_str().expect("text")).is_absolute(), "{state}");
    assert!(
        !state.as_str().expect("text").starts_with(text(directory.path())),
        "{state}"
    );
}

#[test]
fn print_config_reads_well() {
    let content = format!("listen = \"127.0.0.1:0\"\npop = \"{SECRET}\"\n\n[world]\nscan_ms = 100\n");
    let args = ["--print-config", "--once", "--erase=false"];
    let printed = with_file(&content, &args, &[("LANDFALL_NAME", "PROV_LAB")]);
    assert!(!printed.stdout.contains(SECRET));
    insta::assert_snapshot!(printed.redacted());
}

#[test]
fn secrets_are_masked_as_words_and_as_events() {
    let content = format!("password = \"{SECRET}\"\n");
    for args in [&["--print-config"][..], &["--print-config", "--json"]] {
        for finished in [
            with_file(&content, args, &[]),
            with_file("", args, &[("LANDFALL_POP", SECRET)]),
            with_file("", &[args, &["--salt", "00", "--verifier", SECRET]].concat(), &[]),
        ] {
            assert_eq!(finished.code, 0, "{}", finished.stderr);
            assert!(finished.stdout.contains("********"), "{}", finished.stdout);
            assert!(!finished.stdout.contains(SECRET), "{}", finished.stdout);
            assert!(!finished.stderr.contains(SECRET), "{}", finished.stderr);
        }
    }
}

#[test]
fn a_key_that_is_no_setting_is_told_with_the_right_one() {
    for (wrong, right) in [
        ("lisen", "listen"),
        ("passwort", "password"),
        ("sec-ver", "sec_ver"),
        ("secver", "sec_ver"),
        ("Attempts", "attempts"),
        ("no_autostop", "no_auto_stop"),
        ("popfile", "pop_file"),
    ] {
        let failed = with_file(&format!("# mine\n{wrong} = 1\n"), &[], &[]);
        assert_eq!(failed.code, 2);
        let place = format!("device.toml:2:1: there is no setting `{wrong}`");
        assert!(failed.stderr.contains(&place), "{}", failed.stderr);
        assert!(
            failed.stderr.contains(&format!("did you mean `{right}`?")),
            "{}",
            failed.stderr
        );
    }
    let failed = with_file(&format!("colour = \"{SECRET}\"\n"), &[], &[]);
    assert!(!failed.stderr.contains(SECRET));
    insta::assert_snapshot!("a_key_like_no_other", failed.redacted());
}

#[test]
fn the_first_error_in_the_file_is_told() {
    let failed = with_file("zzz = 1\naaa = 1\n", &[], &[]);
    assert!(
        failed.stderr.contains("device.toml:1:1: there is no setting `zzz`"),
        "{}",
        failed.stderr
    );
}

#[test]
fn what_makes_no_sense_is_told_with_place_reason_and_example() {
    let told: String = [
        "listen = 5\n",
        "listen = \"nowhere\"\n",
        "transport = \"blue\"\n",
        "sec_ver = 3\n",
        "sec_ver = \"2\"\n",
        "once = \"yes\"\n",
        "baud = 99999999999999999999\n",
        "state = [\"a\"]\n",
        "\npop = 1234\n",
        "[listen]\nport = 8080\n",
        "world = 1\n",
        "[world]\ncolour = 1\n",
        "[[world.access_point]]\nssid = \"x\"\npassphrase = \"short\"\n",
    ]
    .iter()
    .map(|content| {
        let failed = with_file(content, &[], &[]);
        assert_eq!(failed.code, 2, "{content}");
        format!("##### {content}{}\n", failed.redacted())
    })
    .collect();
    insta::assert_snapshot!(told);
}

#[test]
fn a_value_in_the_environment_that_makes_no_sense_names_its_variable() {
    for (name, value, why) in [
        ("LANDFALL_SEC_VER", "9", "9 is not in 0..=2"),
        ("LANDFALL_ONCE", "perhaps", "true or false"),
        ("LANDFALL_GENERATION", "x\u{1b}[2J", "wifi or network"),
    ] {
        let failed = with_file("", &[], &[(name, value)]);
        assert_eq!(failed.code, 2);
        assert!(
            failed.stderr.contains(&format!("{name} cannot be ")),
            "{}",
            failed.stderr
        );
        assert!(failed.stderr.contains(why), "{}", failed.stderr);
        assert!(
            failed.stderr.contains(&format!("for example: {name}=")),
            "{}",
            failed.stderr
        );
        assert!(!failed.stderr.contains('\u{1b}'), "{}", failed.stderr);
    }
}

#[test]
fn broken_toml_is_told_without_the_line_that_may_hold_a_secret() {
    for broken in [
        format!("pop = {SECRET}\n"),
        format!("pop = \"{SECRET}\n"),
        format!("pop \"{SECRET}\"\n"),
        format!("pop = \"{SECRET}\"\npop = \"{SECRET}\"\n"),
        format!("pop = \"{SECRET}\" \"\n"),
        format!("pop = '''{SECRET}"),
        format!("[{SECRET}\n"),
        format!("pop = \"\\{SECRET}\"\n"),
        format!("pop = [\"{SECRET}\"]\n"),
        format!("pop = {{ x = \"{SECRET}\" }}\n"),
        format!("[[world.access_point]]\nssid = \"x\"\npassphrase = [\"{SECRET}\"]\n"),
        format!("[[world.access_point]]\nssid = \"x\"\npassphrase = \"{SECRET}\"\nauth = \"Open\"\n"),
    ] {
        let failed = with_file(&broken, &[], &[]);
        assert_eq!(failed.code, 2, "{broken}");
        assert!(failed.stderr.contains("device.toml:"), "{}", failed.stderr);
        assert!(
            !failed.stderr.contains(SECRET) && failed.stdout.is_empty(),
            "{}",
            failed.stderr
        );
    }
    insta::assert_snapshot!(with_file("a = 1\nb = 2 3\n", &[], &[]).redacted());
}

#[test]
fn a_file_that_cannot_be_read_is_told() {
    let failed = landfall(&["simulate", "--config", "/nonexistent/device.toml"]);
    assert_eq!(failed.code, 2);
    assert!(failed.stderr.contains("/nonexistent/device.toml"), "{}", failed.stderr);
    let (_directory, path) = file("");
    fs::write(&path, b"name = \"\xff\"\n").expect("it can be written");
    assert_eq!(landfall(&["simulate", "--config", text(&path)]).code, 2);
}

#[test]
fn paths_in_a_file_begin_at_the_file() {
    let content = "world = \"w.toml\"\nstate = \"../st\"\npop_file = \"-\"\npassword_file = \"/p\"\nlink = \"tty\"\n";
    let (directory, path) = file(content);
    let finished = landfall(&["simulate", "--config", text(&path), "--print-config", "--json"]);
    let beside = |name: &str| Value::from(text(&directory.path().join(name)));
    for (key, expected) in [
        ("world", beside("w.toml")),
        ("state", beside("../st")),
        ("pop_file", "-".into()),
        ("password_file", "/p".into()),
        ("link", beside("tty")),
    ] {
        assert_eq!(shown(&finished, key).0, expected, "{key}");
    }
}

#[test]
fn a_verifier_is_digits_or_a_file_beside_the_configuration() {
    let made = landfall(&[
        "credentials",
        "--username",
        "wifiprov",
        "--password",
        SECRET,
        "--format",
        "json",
    ]);
    let made: Value = serde_json::from_str(&made.stdout).expect("one object");
    let (salt, verifier) = (&made["salt"], &made["verifier"]);
    let digits = format!("salt = {salt}\nverifier = {verifier}\n");
    let named = format!("salt = {salt}\nverifier = \"verifier.hex\"\n");
    for content in [digits, named] {
        let (directory, path) = file(&content);
        fs::write(directory.path().join("verifier.hex"), verifier.as_str().expect("text")).expect("it can be written");
        let device = Device::start(&["--config", text(&path)]);
        assert_eq!(device.client(&["scan", "--password", SECRET]).code, 0, "{content}");
    }
}

#[test]
fn one_file_describes_a_whole_device() {
    let content = format!(
        "password = \"{SECRET}\"\nattempts = 1\nonce = true\nstate = \"kept\"\n\n[world]\nscan_ms = 50\n\n\
         [[world.access_point]]\nssid = \"Office\"\npassphrase = \"correct horse\"\nrssi = -48\n"
    );
    let (directory, path) = file(&content);
    let device = Device::start(&["--config", text(&path)]);
    let seen = device.client(&["scan", "--password", SECRET]);
    assert!(
        seen.stdout.contains("Office") && !seen.stdout.contains("MobileHotspot"),
        "{}",
        seen.stdout
    );
    let joined = device.client(&[
        "provision",
        "--password",
        SECRET,
        "--ssid",
        "Office",
        "--passphrase",
        "correct horse",
    ]);
    assert_eq!(joined.code, 0, "{}", joined.stderr);
    assert_eq!(device.wait().0, Some(0));
    assert!(directory.path().join("kept").is_dir(), "the state is beside the file");
}

#[test]
fn a_world_named_elsewhere_replaces_the_table_as_a_whole() {
    let (directory, path) = file("[[world.access_point]]\nssid = \"Table\"\n");
    let other = directory.path().join("other.toml");
    fs::write(&other, "[[access_point]]\nssid = \"File\"\n").expect("it can be written");
    let device = Device::start(&["--config", text(&path), "--world", text(&other), "--sec-ver", "0"]);
    let seen = device.client(&["scan"]);
    assert!(
        seen.stdout.contains("File") && !seen.stdout.contains("Table"),
        "{}",
        seen.stdout
    );
}

#[test]
fn a_secret_that_others_can_read_is_advised_against() {
    let advised = |content: &str, mode| {
        let (_directory, path) = file(content);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("it is ours");
        let finished = landfall(&["simulate", "--config", text(&path), "--print-config"]);
        assert_eq!(finished.code, 0, "{}", finished.stderr);
        finished.stderr.contains("others on this machine can read")
    };
    for mode in [0o644, 0o640, 0o604] {
        assert!(advised("pop = \"x\"\n", mode), "{mode:o}");
    }
    assert!(!advised("pop = \"x\"\n", 0o600));
    assert!(!advised("pop_file = \"x\"\n", 0o644));
}

#[test]
fn other_commands_know_no_configuration() {
    let failed = landfall(&["info", "--config", "device.toml"]);
    assert_eq!(failed.code, 2);
    // Variables of the device leave the other commands alone, even those that make no sense.
    let mut command = command(LANDFALL, &["qr", "--name", "PROV_261FCC"]);
    command.envs(iter::once(("LANDFALL_SEC_VER", "9")));
    assert_eq!(run(command).code, 0);
}

#[test]
fn help_shows_the_variables_even_where_one_makes_no_sense() {
    let mut command = command(LANDFALL, &["simulate", "--help"]);
    command.env("LANDFALL_SEC_VER", "9").env("LANDFALL_POP", SECRET);
    let help = run(command);
    assert_eq!(help.code, 0);
    assert!(help.stdout.contains("[env: LANDFALL_SEC_VER]"), "{}", help.stdout);
    assert!(!help.stdout.contains(SECRET));
}
