//! `landfall credentials`

use landfall_client::protocomm::srp::{Credentials, CredentialsError};

use crate::{
    args::{CredentialFormat, CredentialsArgs},
    failure::{Failure, Problem},
    print::{Event, Printer, text::hex},
};

/// Makes salt and verifier.
pub(super) fn run(args: &CredentialsArgs, printer: &Printer) -> Result<(), Failure> {
    let source = args.password.source();
    if source.is_exposed() {
        printer.exposed("--password");
    }
    let password = match source.find()? {
        Some(password) => password,
        None => source.ask("Password: ")?.ok_or_else(|| {
            Failure::new(Problem::AnswerMissing)
                .saying("the password is missing")
                .hint("give it with --password-file FILE or LANDFALL_PASSWORD")
        })?,
    };
    let made = generate(args.username.as_bytes(), &password, args.salt_len.into()).map_err(|error| {
        let failure = Failure::new(Problem::BadArgument).saying(error.to_string());
        match error {
            CredentialsError::NonAsciiUsername => failure.hint("take a name of ASCII letters and digits"),
            CredentialsError::AmbiguousHash => failure.hint("any small change to the password helps"),
            _ => failure,
        }
    })?;
    print(&made, args, printer)
}

/// Draws a salt and derives the verifier.
pub(crate) fn generate(username: &[u8], password: &[u8], salt_len: usize) -> Result<Credentials, CredentialsError> {
    let mut random = |bytes: &mut [u8]| {
        // Zeros are told from randomness by the generator, which then refuses.
        if getrandom::fill(bytes).is_err() {
            bytes.fill(0);
        }
    };
    Credentials::generate(username, password, salt_len, &mut random)
}

/// The two arrays as Espressif's tool prints them for a firmware's source (spec esp_prov.md 4).
pub(crate) fn c_arrays(made: &Credentials) -> String {
    format!(
        "{}\n{}\n",
        c_array("sec2_salt", made.salt()),
        c_array("sec2_verifier", made.verifier())
    )
}

fn c_array(name: &str, octets: &[u8]) -> String {
    // The original writes one long list and cuts it every 96 characters, so that a blank ends every line but the last.
    let lines: Vec<String> = octets
        .chunks(16)
        .map(|chunk| {
            chunk
                .iter()
                .map(|byte| format!("0x{byte:02x}"))
                .collect::<Vec<_>>()
                .join(", ")
        })
        .collect();
    format!("static const char {name}[] = {{\n    {}\n}};\n", lines.join(", \n    "))
}

fn print(made: &Credentials, args: &CredentialsArgs, printer: &Printer) -> Result<(), Failure> {
    let event = Event::Credentials {
        username: &args.username,
        salt: hex(made.salt()),
        verifier: hex(made.verifier()),
    };
    match args.format {
        CredentialFormat::C if !printer.is_json() => printer.raw(c_arrays(made).as_bytes()),
        CredentialFormat::Json if !printer.is_json() => {
            let object = serde_json::json!({ "username": args.username, "salt": hex(made.salt()), "verifier": hex(made.verifier()) });
            let text = serde_json::to_string_pretty(&object).map_err(|error| {
                Failure::new(Problem::SystemRefuses)
                    .saying("the credentials cannot be written")
                    .because(error)
            })?;
            printer.raw(format!("{text}\n").as_bytes());
        }
        _ => printer.event(&event),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_has_sixteen_values_a_line_and_a_blank_before_each_break() {
        let octets: Vec<u8> = (0..20).collect();
        let expected = "static const char x[] = {\n    \
            0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, \n    \
            0x10, 0x11, 0x12, 0x13\n};\n";
        assert_eq!(c_array("x", &octets), expected);
    }
}
