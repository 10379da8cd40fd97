//! Links for the machine, and turns the golden vectors into Rust: what runs there has no files and reads no JSON.

use std::{env, error::Error, fmt::Write, fs, path::Path};

use serde_json::Value;

type Result<T> = core::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let manifest = env::var("CARGO_MANIFEST_DIR")?;
    println!("cargo:rustc-link-arg-bins=-T{manifest}/machine.ld");
    println!("cargo:rerun-if-changed=machine.ld");
    println!("cargo:rerun-if-changed={VECTORS}");
    let mut code = String::new();
    messages(&mut code)?;
    behaviours(&mut code)?;
    handshakes(&mut code)?;
    credentials(&mut code)?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("vectors.rs"), code)?;
    Ok(())
}

const VECTORS: &str = "../crates/landfall-protocomm/tests/vectors";

fn messages(code: &mut String) -> Result<()> {
    writeln!(
        code,
        "/// Messages, by name (`messages.json`).\npub const MESSAGES: &[Message] = &["
    )?;
    for message in list(&load("messages")?["messages"])? {
        let (name, bytes) = (text(&message["name"])?, hex(&message["hex"])?);
        writeln!(code, "    Message {{ name: {name:?}, bytes: {bytes} }},")?;
    }
    writeln!(code, "];")?;
    writeln!(
        code,
        "/// All messages of the console transcript, in order (`seed_transcript.json`).\npub const TRANSCRIPT: &[&[u8]] = &["
    )?;
    for message in list(&load("seed_transcript")?["messages"])? {
        writeln!(code, "    {},", hex(&message["hex"])?)?;
    }
    Ok(writeln!(code, "];")?)
}

fn behaviours(code: &mut String) -> Result<()> {
    writeln!(
        code,
        "/// What a device without protection answers (`device_behaviour.json`).\npub const BEHAVIOURS: &[Behaviour] = &["
    )?;
    for case in list(&load("device_behaviour")?["cases"])? {
        let (name, endpoint) = (text(&case["case"])?, text(&case["endpoint"])?);
        let request = hex(&case["request"])?;
        let response = match &case["response"] {
            Value::Null => "None".into(),
            response => format!("Some({})", hex(response)?),
        };
        writeln!(
            code,
            "    Behaviour {{ case: {name:?}, endpoint: {endpoint:?}, request: {request}, response: {response} }},"
        )?;
    }
    Ok(writeln!(code, "];")?)
}

/// Every file of a whole handshake, whatever its name: a new one is run without a change here.
fn handshakes(code: &mut String) -> Result<()> {
    let mut names = Vec::new();
    for entry in fs::read_dir(VECTORS)? {
        let path = entry?.path();
        let name = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default()
            .to_owned();
        let json = path.extension().is_some_and(|extension| extension == "json");
        if json && !load(&name)?["session"].is_null() {
            names.push(name);
        }
    }
    names.sort();
    writeln!(
        code,
        "/// Handshakes, and the sessions after them (`sec1_*.json`, `sec2_*.json`).\npub const HANDSHAKES: &[Handshake] = &["
    )?;
    for name in names {
        handshake(code, &name, &load(&name)?)?;
    }
    Ok(writeln!(code, "];")?)
}

fn handshake(code: &mut String, name: &str, vector: &Value) -> Result<()> {
    writeln!(code, "    Handshake {{")?;
    writeln!(code, "        name: {name:?},")?;
    let (client, device) = match vector["security"].as_u64() {
        Some(1) => ("client_private_key", "device_private_key"),
        _ => ("client_private_a", "device_private_b"),
    };
    writeln!(code, "        client_private: {},", hex(&vector[client])?)?;
    writeln!(code, "        device_private: {},", hex(&vector[device])?)?;
    writeln!(code, "        secrets: {},", secrets(vector)?)?;
    let messages = list(&vector["session"])?.iter().map(|message| hex(&message["wire"]));
    let messages = messages.collect::<Result<Vec<_>>>()?.join(", ");
    writeln!(code, "        messages: [{messages}],")?;
    writeln!(code, "        exchanges: &[")?;
    for exchange in list(&vector["exchanges"])? {
        writeln!(code, "            Exchange {{")?;
        for field in ["request_plain", "request_wire", "response_plain", "response_wire"] {
            writeln!(code, "                {field}: {},", hex(&exchange[field])?)?;
        }
        writeln!(code, "            }},")?;
    }
    Ok(writeln!(code, "        ],\n    }},")?)
}

fn secrets(vector: &Value) -> Result<String> {
    if vector["security"] == 1 {
        let pop = match &vector["pop"] {
            Value::Null => "None".into(),
            pop => format!("Some({})", literal(text(pop)?.as_bytes())),
        };
        let device_random = hex(&vector["device_random_iv"])?;
        return Ok(format!(
            "Secrets::Security1 {{ pop: {pop}, device_random: {device_random} }}"
        ));
    }
    Ok(format!(
        "Secrets::Security2 {{ username: {}, password: {}, salt: {}, verifier: {}, device_nonce: {}, counter: {} }}",
        literal(text(&vector["username"])?.as_bytes()),
        literal(text(&vector["password"])?.as_bytes()),
        hex(&vector["salt"])?,
        hex(&vector["verifier"])?,
        hex(&vector["device_nonce"])?,
        vector["sec_patch_ver"] == 1,
    ))
}

fn credentials(code: &mut String) -> Result<()> {
    writeln!(
        code,
        "/// Verifiers on which the rules for x differ (`sec2_x_quirks.json`).\npub const CREDENTIALS: &[Credential] = &["
    )?;
    for case in list(&load("sec2_x_quirks")?["cases"])? {
        let verifier = |field: &str| match &case[field] {
            Value::Null => Ok("None".to_owned()),
            verifier => Ok::<_, Box<dyn Error>>(format!("Some({})", hex(verifier)?)),
        };
        writeln!(
            code,
            "    Credential {{ case: {:?}, username: {}, password: {}, salt: {}, full: {}, stripped: {} }},",
            text(&case["case"])?,
            literal(text(&case["username"])?.as_bytes()),
            literal(text(&case["password"])?.as_bytes()),
            hex(&case["salt"])?,
            verifier("verifier_full_rule")?,
            verifier("verifier_stripped_rule")?,
        )?;
    }
    Ok(writeln!(code, "];")?)
}

fn load(name: &str) -> Result<Value> {
    Ok(serde_json::from_str(&fs::read_to_string(format!(
        "{VECTORS}/{name}.json"
    ))?)?)
}

fn list(value: &Value) -> Result<&Vec<Value>> {
    value.as_array().ok_or_else(|| "a list is missing".into())
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().ok_or_else(|| "a text is missing".into())
}

/// The bytes of a hexadecimal text, as Rust writes them.
fn hex(value: &Value) -> Result<String> {
    let digits = text(value)?.as_bytes().chunks(2);
    let bytes = digits.map(|pair| Ok(u8::from_str_radix(core::str::from_utf8(pair)?, 16)?));
    Ok(literal(&bytes.collect::<Result<Vec<_>>>()?))
}

fn literal(bytes: &[u8]) -> String {
    format!("b\"{}\"", bytes.escape_ascii())
}
