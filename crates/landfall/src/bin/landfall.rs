//! Brings any protocomm device onto Wi-Fi, and plays one.

fn main() -> std::process::ExitCode {
    landfall_cli::landfall()
}
