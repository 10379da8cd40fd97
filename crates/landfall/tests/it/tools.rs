//! The commands without a device.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use landfall_device::{
    manager::factory::{Factory, FactorySecret},
    protocomm::{client::XRule, srp::Credentials},
};

use crate::support::{Device, LANDFALL, command, landfall, run, with_input};

#[test]
fn a_device_takes_the_verifier_that_credentials_made() {
    let made = with_input(
        command(LANDFALL, &["credentials", "--username", "alice", "--format", "hex"]),
        "open sesame\n",
    );
    assert_eq!(made.code, 0, "{}", made.stderr);
    let value = |name: &str| {
        let line = made
            .stdout
            .lines()
            .find(|line| line.starts_with(name))
            .expect("it is printed");
        line.split_whitespace().last().expect("a value follows").to_owned()
    };
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("verifier");
    fs::write(&file, value("verifier")).expect("it can be written");
    let device = Device::start(&[
        "--username",
        "alice",
        "--salt",
        &value("salt"),
        "--verifier",
        file.to_str().expect("text"),
    ]);
    let answer = device.client(&[
        "send",
        "custom-data",
        "x",
        "--username",
        "alice",
        "--password",
        "open sesame",
    ]);
    assert_eq!(
        (answer.code, answer.stdout.lines().last()),
        (0, Some("SUCCESS\\x00")),
        "{}",
        answer.stderr
    );
}

#[test]
fn credentials_come_as_c_arrays_in_the_layout_of_the_original() {
    let made = with_input(
        command(LANDFALL, &["credentials", "--username", "wifiprov"]),
        "abcd1234\n",
    );
    let lines: Vec<&str> = made.stdout.lines().collect();
    assert_eq!(lines[0], "static const char sec2_salt[] = {");
    assert_eq!(lines[1].len(), 4 + 16 * 6 - 2);
    assert_eq!(lines[2..5], ["};", "", "static const char sec2_verifier[] = {"]);
    assert!(lines[5].starts_with("    0x") && lines[5].ends_with(", ") && lines[5].len() == 4 + 16 * 6);
    assert!(made.stdout.ends_with("\n};\n\n"));
}

#[test]
fn credentials_come_as_json() {
    let made = with_input(
        command(
            LANDFALL,
            &[
                "credentials",
                "--username",
                "alice",
                "--format",
                "json",
                "--salt-len",
                "24",
            ],
        ),
        "pw\n",
    );
    let object: serde_json::Value = serde_json::from_str(&made.stdout).expect("JSON");
    assert_eq!(object["username"], "alice");
    assert_eq!(object["salt"].as_str().map(str::len), Some(48));
    assert!(object["verifier"].as_str().is_some_and(|verifier| verifier.len() > 700));
}

#[test]
fn credentials_that_known_clients_cannot_use_are_refused_with_a_way_out() {
    let refused = with_input(command(LANDFALL, &["credentials", "--username", "zoë"]), "pw\n");
    insta::assert_snapshot!(refused.redacted());
}

#[test]
fn a_code_shows_its_payload_and_goes_into_a_picture() {
    let directory = tempfile::tempdir().expect("a directory");
    let svg = directory.path().join("label.svg");
    let drawn = landfall(&[
        "qr",
        "--name",
        "PROV_261FCC",
        "--pop",
        "abcd1234",
        "--svg",
        svg.to_str().expect("text"),
    ]);
    assert!(fs::read_to_string(&svg).expect("it was written").contains("<svg"));
    insta::assert_snapshot!(drawn.redacted());
}

#[test]
fn a_code_is_black_on_white_where_there_is_colour() {
    let drawn = landfall(&["qr", "x", "--color", "always"]);
    assert!(
        drawn
            .stdout
            .lines()
            .next()
            .is_some_and(|line| line.starts_with("\x1b[") && line.ends_with("\x1b[0m"))
    );
}

/// The image that `landfall factory` writes with these arguments, and what its label says.
fn factory(directory: &Path, args: &[&str]) -> (Vec<u8>, serde_json::Value) {
    let image = directory.join(format!("{}.bin", args.len()));
    let path = image.to_str().expect("text");
    let made = landfall(&[&["factory", path, "--json"], args].concat());
    assert_eq!(made.code, 0, "{}", made.stderr);
    let label = made
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
        .find_map(|event| event["payload"].as_str().map(str::to_owned))
        .expect("a label");
    let mode = fs::metadata(&image).expect("it was written").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = landfall(&["factory", path]);
    assert_ne!(again.code, 0, "what is there is not replaced");
    assert!(again.stderr.contains("is there already"), "{}", again.stderr);
    let image = fs::read(&image).expect("it was written");
    (image, serde_json::from_str(&label).expect("JSON"))
}

#[test]
fn an_image_for_a_device_s_flash_holds_what_its_label_opens() {
    let directory = tempfile::tempdir().expect("a directory");
    let args = ["--name", "ACME_0001", "--username", "alice", "--transport", "softap"];
    let (image, label) = factory(directory.path(), &args);
    assert_eq!(image.len(), 4096);
    let record = Factory::decode(&image).expect("a record");
    assert_eq!(
        (record.name, label["name"].as_str()),
        (Some("ACME_0001"), Some("ACME_0001"))
    );
    assert_eq!(
        (label["username"].as_str(), label["transport"].as_str()),
        (Some("alice"), Some("softap"))
    );
    let password = label["pop"].as_str().expect("a password").as_bytes();
    assert_eq!(password.len(), 16);
    assert!(
        !image.windows(password.len()).any(|window| window == password),
        "the device knows no password"
    );
    let FactorySecret::Verifier { salt, verifier } = record.secret else {
        panic!("{record:?}");
    };
    let expected = Credentials::derive(b"alice", password, salt, XRule::Full).expect("in range");
    assert_eq!(verifier, expected.verifier());

    let png = directory.path().join("label.png");
    let uuid = "01234567-89ab-cdef-0123-456789abcdef";
    let args = [
        "--sec-ver",
        "1",
        "--service-uuid",
        uuid,
        "--png",
        png.to_str().expect("text"),
        "-q",
    ];
    let (image, label) = factory(directory.path(), &args);
    let record = Factory::decode(&image).expect("a record");
    let pop = label["pop"].as_str().expect("a proof of possession");
    assert_eq!(record.secret, FactorySecret::Pop(pop.as_bytes()));
    assert_eq!(record.service_uuid.map(|uuid| uuid.to_string()).as_deref(), Some(uuid));
    assert_eq!(record.name, label["name"].as_str());
    assert!(
        record
            .name
            .is_some_and(|name| name.starts_with("PROV_") && name.len() == 11)
    );
    assert!(png.exists() && label.get("username").is_none());
    assert_ne!(pop.as_bytes(), password);
}

#[test]
fn names_that_no_device_can_have_are_refused_and_nothing_is_written() {
    let directory = tempfile::tempdir().expect("a directory");
    let image = directory.path().join("fctry.bin");
    for args in [
        ["--name", "a name of thirty or more bytes"],
        ["--name", ""],
        ["--username", "zoë"],
    ] {
        let refused = landfall(&[&["factory", image.to_str().expect("text")], &args[..]].concat());
        assert_ne!(refused.code, 0, "{args:?}");
        assert!(!image.exists());
    }
}

#[test]
fn bash_completes_commands_options_and_values() {
    for (program, line, expected) in [
        ("landfall", "landfall prov", &["provision"][..]),
        ("landfall", "landfall provision --qr", &["--qr"]),
        (
            "landfall",
            "landfall scan --transport ",
            &["softap", "httpd", "http", "console", "ble"],
        ),
        ("landfall", "landfall simulate --generation ", &["wifi", "network"]),
        ("landfall", "landfall demo --fail ", &["wrong-password", "not-found"]),
        ("landfall", "landfall credentials --format ", &["c", "hex", "json"]),
        ("landfall", "landfall qr --transport ", &["softap", "ble"]),
        ("landfall", "landfall info --color ", &["auto", "always", "never"]),
        ("landfall", "landfall completions --program ", &["landfall", "esp-prov"]),
        ("landfall", "landfall completions p", &["powershell"]),
        (
            "esp-prov",
            "esp-prov --sec2_",
            &["--sec2_username", "--sec2_pwd", "--sec2_gen_cred", "--sec2_salt_len"],
        ),
    ] {
        assert_eq!(completed(program, line), expected, "{line:?}");
    }
}

/// What bash offers for the last word of `line`.
fn completed(program: &str, line: &str) -> Vec<String> {
    let words: Vec<&str> = line.split(' ').collect();
    let script = r#"
        source <("$1" completions bash --program "$2")
        COMP_WORDS=("${@:3}")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        complete_by=$(complete -p "$2")
        complete_by=${complete_by#* -F }
        "${complete_by%% *}" "$2" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let args = [
        &["--noprofile", "--norc", "-c", script, "bash", LANDFALL, program],
        &words[..],
    ]
    .concat();
    let done = run(command("bash", &args));
    assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{line:?}");
    done.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn every_shell_gets_a_script_for_each_program() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        for (program, option) in [("landfall", "reprovision"), ("esp-prov", "service_name")] {
            let script = landfall(&["completions", shell, "--program", program]);
            assert_eq!(script.code, 0, "{}", script.stderr);
            assert!(
                script.stdout.contains(program) && script.stdout.contains(option),
                "{shell} {program}"
            );
        }
    }
    assert_eq!(landfall(&["completions", "cmd.exe"]).code, 2);
}

#[test]
fn each_command_gets_a_manual_page_of_its_own() {
    let directory = tempfile::tempdir().expect("a directory");
    let pages = directory.path().join("share/man1");
    let written = landfall(&["man", pages.to_str().expect("text")]);
    assert_eq!(written.code, 0, "{}", written.stderr);
    let mut names: Vec<String> = fs::read_dir(&pages)
        .expect("it was made")
        .map(|entry| entry.expect("it is there").file_name().into_string().expect("text"))
        .collect();
    names.sort_unstable();
    let mut told: Vec<&str> = written
        .stdout
        .lines()
        .filter_map(|line| line.rsplit('/').next())
        .collect();
    told.sort_unstable();
    assert_eq!(names, told);
    insta::assert_snapshot!(names.join("\n"));
    for name in &names {
        let page = fs::read_to_string(pages.join(name)).expect("it was written");
        assert_eq!(flaws(&page), [""; 0], "{name}");
    }
    let own = landfall(&["man"]);
    assert_eq!(
        own.stdout,
        fs::read_to_string(pages.join("landfall.1")).expect("it was written")
    );
}

/// What roff would complain about, or a reader miss.
fn flaws(page: &str) -> Vec<&str> {
    const REQUESTS: [&str; 12] = ["ie", "el", "TH", "SH", "SS", "TP", "PP", "RS", "RE", "IP", "nf", "fi"];
    let title = page.lines().find(|line| line.starts_with(".TH "));
    let is_titled =
        title.is_some_and(|title| title.contains(" 1 \" \" \"Landfall ") && title.ends_with("\" \"Landfall Manual\""));
    let missing = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS"]
        .into_iter()
        .filter(|section| !page.lines().any(|line| line == format!(".SH {section}")));
    let requests = page.lines().filter(|line| line.starts_with(['.', '\'']));
    let unknown = requests.filter(|line| {
        let name = line[1..].split(' ').next().unwrap_or_default();
        !REQUESTS.contains(&name) && !matches!(name, "br" | "sp")
    });
    let open = page.lines().filter(|line| *line == ".nf").count() != page.lines().filter(|line| *line == ".fi").count();
    (!is_titled)
        .then_some("no title")
        .into_iter()
        .chain(open.then_some("lines that are never filled again"))
        .chain(missing)
        .chain(unknown)
        .collect()
}
