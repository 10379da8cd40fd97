//! How many cells of a terminal a text takes.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// The cells that `text`, which holds no control characters, takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// `text` in at most `cells` cells; what does not fit is cut off and marked by an ellipsis.
pub(crate) fn cut(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let Some(room) = cells.checked_sub(ELLIPSIS.width().unwrap_or(1)) else {
        return String::new();
    };
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if width(&kept) > room {
            kept.pop();
            break;
        }
    }
    kept.push(ELLIPSIS);
    kept
}

/// `text` and as many blanks as make it `cells` cells wide; cut if it is wider.
pub(crate) fn fit(text: &str, cells: usize) -> String {
    let mut fitted = cut(text, cells);
    fitted.extend(core::iter::repeat_n(' ', cells.saturating_sub(width(&fitted))));
    fitted
}

const ELLIPSIS: char = '…';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_stays_whole() {
        assert_eq!(cut("home", 4), "home");
        assert_eq!(cut("", 0), "");
        assert_eq!(fit("home", 6), "home  ");
    }

    #[test]
    fn what_is_cut_says_so_and_keeps_to_its_cells() {
        assert_eq!(cut("InsecureWiFiAP", 8), "Insecur…");
        assert_eq!(cut("home", 1), "…");
        assert_eq!(cut("home", 0), "");
    }

    #[test]
    fn wide_characters_take_two_cells_and_are_never_halved() {
        assert_eq!(width("家の"), 4);
        assert_eq!(cut("家のWiFi", 4), "家…");
        assert_eq!(fit("家のWiFi", 4), "家… ");
        assert_eq!(fit("家", 4), "家  ");
    }

    #[test]
    fn no_text_is_wider_than_asked_for() {
        for text in ["👩‍👩‍👧‍👦 family", "e\u{301}te\u{301}", "ｆｕｌｌ", "❤️ net", "🇨🇭🇨🇭"]
        {
            for cells in 0..12 {
                assert!(width(&cut(text, cells)) <= cells, "{text} in {cells}");
                assert_eq!(width(&fit(text, cells)), cells, "{text} in {cells}");
            }
        }
    }
}
