//! Sizes of files and functions, share of tests and docs: a report to lay beside CONTRIBUTING.md's figures.

use std::collections::BTreeMap;

use proc_macro2::Span;
use syn::{
    Attribute, ImplItemFn, ItemFn, ItemMod, Signature, Visibility,
    visit::{self, Visit},
};

use crate::{
    shell::{Result, say},
    source,
};

/// What is counted in one crate.
#[derive(Default)]
struct Figures {
    files: Vec<usize>,
    functions: Vec<usize>,
    test_functions: Vec<usize>,
    code_lines: usize,
    test_lines: usize,
    public: usize,
    documented: usize,
    unwraps: usize,
    longest: Option<(usize, String)>,
}

/// Walks one file.
struct Walk<'f> {
    figures: &'f mut Figures,
    in_test: bool,
    place: String,
}

pub(crate) fn run(_arguments: &[String]) -> Result<()> {
    let mut crates: BTreeMap<String, Figures> = BTreeMap::new();
    for source in source::all()? {
        let figures = crates.entry(source.krate().to_owned()).or_default();
        let lines = source.text.lines().count();
        if source.is_test() {
            figures.test_lines += lines;
        } else {
            figures.code_lines += lines;
            figures.files.push(lines);
        }
        let file = syn::parse_file(&source.text).map_err(|e| format!("{}: {e}", source.path.display()))?;
        let place = source.path.display().to_string();
        Walk {
            figures,
            in_test: source.is_test(),
            place,
        }
        .visit_file(&file);
    }
    say(
        "crate                files p50/p90/max   fns p50/p90/p99/max   test:code  pub documented  unwrap/expect per 1000  test fns p90",
    );
    for (name, figures) in &mut crates {
        say(&row(name, figures));
    }
    Ok(())
}

fn row(name: &str, f: &mut Figures) -> String {
    let ratio = f.test_lines as f64 / f.code_lines.max(1) as f64;
    let documented = (100 * f.documented)
        .checked_div(f.public)
        .map_or_else(|| "-".to_owned(), |p| format!("{p} %"));
    let unwraps = 1000.0 * f.unwraps as f64 / f.code_lines.max(1) as f64;
    format!(
        "{name:<20} {:>5}/{}/{:<8} {:>5}/{}/{}/{:<8} {ratio:>8.2} {documented:>12} {unwraps:>16.1} {:>18}   longest: {}",
        percentile(&mut f.files, 50),
        percentile(&mut f.files, 90),
        percentile(&mut f.files, 100),
        percentile(&mut f.functions, 50),
        percentile(&mut f.functions, 90),
        percentile(&mut f.functions, 99),
        percentile(&mut f.functions, 100),
        percentile(&mut f.test_functions, 90),
        f.longest.as_ref().map_or("-", |(_, place)| place),
    )
}

fn percentile(values: &mut [usize], percent: usize) -> usize {
    values.sort_unstable();
    values
        .get((values.len() * percent / 100).min(values.len().saturating_sub(1)))
        .copied()
        .unwrap_or(0)
}

impl Walk<'_> {
    fn function(&mut self, signature: &Signature, lines: usize) {
        if self.in_test {
            self.figures.test_functions.push(lines);
            return;
        }
        self.figures.functions.push(lines);
        if self
            .figures
            .longest
            .as_ref()
            .is_none_or(|(longest, _)| lines > *longest)
        {
            self.figures.longest = Some((lines, format!("{} in {}", signature.ident, self.place)));
        }
    }

    fn public(&mut self, visibility: &Visibility, attributes: &[Attribute]) {
        if !self.in_test && matches!(visibility, Visibility::Public(_)) {
            self.figures.public += 1;
            self.figures.documented += usize::from(attributes.iter().any(|a| a.path().is_ident("doc")));
        }
    }
}

impl<'ast> Visit<'ast> for Walk<'_> {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        let outer = self.in_test;
        if item.attrs.iter().any(|a| quoted(a).contains("test")) && item.content.is_some() {
            let lines = item
                .content
                .as_ref()
                .map_or(0, |(brace, _)| lines(item.ident.span(), brace.span.close()));
            if !outer {
                self.figures.test_lines += lines;
                self.figures.code_lines -= lines;
            }
            self.in_test = true;
        }
        visit::visit_item_mod(self, item);
        self.in_test = outer;
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        let lines = lines(item.sig.fn_token.span, item.block.brace_token.span.close());
        self.function(&item.sig, lines);
        self.public(&item.vis, &item.attrs);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        let lines = lines(item.sig.fn_token.span, item.block.brace_token.span.close());
        self.function(&item.sig, lines);
        self.public(&item.vis, &item.attrs);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.public(&item.vis, &item.attrs);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.public(&item.vis, &item.attrs);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if !self.in_test && (call.method == "unwrap" || call.method == "expect") {
            self.figures.unwraps += 1;
        }
        visit::visit_expr_method_call(self, call);
    }
}

fn lines(first: Span, last: Span) -> usize {
    last.end().line - first.start().line + 1
}

fn quoted(attribute: &Attribute) -> String {
    match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => list.tokens.to_string(),
        _ => String::new(),
    }
}
