use heapless::String;

/// The names of the endpoints that a service serves, in order.
#[derive(Debug, Default)]
pub(crate) struct Names(
    /// With the character between them that no name has.
    String<{ Self::MAX_LEN }>,
);

impl Names {
    /// All names together, with one byte between two of them; the built-in ones take 53.
    pub(crate) const MAX_LEN: usize = 256;
    const BETWEEN: char = '/';

    /// Copies `names`; `None` if they are too long.
    pub(crate) fn new(names: &[&str]) -> Option<Self> {
        let mut all = String::new();
        for name in names {
            if !all.is_empty() {
                all.push(Self::BETWEEN).ok()?;
            }
            all.push_str(name).ok()?;
        }
        Some(Self(all))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split(Self::BETWEEN)
    }
}
