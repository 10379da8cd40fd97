//! From "which scheme" to "session established" (spec esp_prov.md 2, steps 3, 4 and 6).

use landfall_client::Secret;
use zeroize::Zeroizing;

use super::{
    Exception, Raised,
    console::{ask, ask_hidden, say},
    flow::Run,
    text::session_error_text,
};

/// The scheme: as told by the user, or else by the device.
pub(super) async fn choose_scheme(run: &mut Run<'_>) -> Result<u8, Raised> {
    let invalid = || Raised::new(Exception::InvalidScheme);
    let scheme = match run.args.sec_ver {
        Some(number) => u8::try_from(number).map_err(|_| invalid())?,
        None => {
            let Some(scheme) = run.ask_version().await.and_then(|info| info.scheme()) else {
                say("Security capabilities could not be determined, please specify \"--sec_ver\" explicitly");
                return Err(invalid());
            };
            say(&format!("==== Security Scheme: {scheme} ===="));
            scheme
        }
    };
    if scheme <= 2 { Ok(scheme) } else { Err(invalid()) }
}

/// What the scheme needs, asked for where it was not given.
pub(super) async fn secret(run: &mut Run<'_>, scheme: u8) -> Result<Secret, Raised> {
    let args = run.args;
    let mut secret = Secret {
        scheme: Some(scheme),
        ..Secret::default()
    };
    match scheme {
        1 => {
            let ignored = run.has_capability("no_pop").await;
            let given = !args.pop.expose().is_empty();
            if ignored && given {
                say("Proof of Possession will be ignored");
            }
            secret.pop = Some(if ignored || given {
                args.pop.to_bytes()
            } else {
                octets(&ask_hidden("Proof of Possession required: ").await?)
            });
        }
        2 => {
            secret.username = Some(match args.sec2_username.as_str() {
                "" => ask("Security Scheme 2 - SRP6a Username required: ").await?,
                given => given.to_owned(),
            });
            secret.password = Some(match args.sec2_pwd.expose() {
                "" => octets(&ask_hidden("Security Scheme 2 - SRP6a Password required: ").await?),
                _ => args.sec2_pwd.to_bytes(),
            });
        }
        _ => {}
    }
    Ok(secret)
}

/// Opens the session.
pub(super) async fn open(run: &mut Run<'_>, secret: &Secret, scheme: u8) -> Result<(), Raised> {
    say("\n==== Starting Session ====");
    if let Err(error) = run.device.open_session(secret).await {
        say(&session_error_text(&error, scheme, run.way()));
        say("Failed to establish session. Ensure that security scheme and proof of possession are correct");
        return Err(Raised::new(Exception::NoSession));
    }
    say("==== Session Established ====");
    Ok(())
}

fn octets(text: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(text.as_bytes().to_vec())
}
