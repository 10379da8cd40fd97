//! Takes the flags of Espressif's `esp_prov.py` and prints what it prints.

fn main() -> std::process::ExitCode {
    landfall_cli::esp_prov()
}
