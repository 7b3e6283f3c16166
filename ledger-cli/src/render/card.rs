//! Cards for people: a bar and its parts, in colour, in ASCII, or in words.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style as Ansi};
use ledger_core::report::{Card, CardLine, Gauge, Part};
use unicode_width::UnicodeWidthStr;

use super::table::ascii;
use super::{Style, grouped, one_line};

/// How many cells a bar has.
const CELLS: i128 = 50;
const INDENT: &str = "  ";

/// Writes them below each other.
pub(super) fn write(cards: &[Card], out: &mut impl Write, style: Style) -> io::Result<()> {
    let bold = Ansi::new().bold();
    for (at, card) in cards.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        if style.spoken {
            sentences(card).iter().try_for_each(|sentence| writeln!(out, "{}", ascii(sentence, style)))?;
            continue;
        }
        writeln!(out, "{bold}{}{bold:#}", ascii(&one_line(&card.title), style))?;
        if let Some(gauge) = &card.gauge {
            bar(gauge, out, style)?;
        }
        lines(&card.lines, out, style)?;
    }
    Ok(())
}

/// A sentence for each fact, what matters most first.
fn sentences(card: &Card) -> Vec<String> {
    let title = one_line(&card.title).replace(" · ", ", ").replace(" – ", " to ");
    let gone = card.gauge.iter().filter_map(|gauge| Some(gauge.mark.as_ref()?.1.replace(" % ", " percent ")));
    let fact = |line: &CardLine| {
        let amount = line.amount.map(|amount| grouped(&amount.to_string()));
        let says: Vec<String> = amount.into_iter().chain([one_line(&line.remark)]).filter(|text| !text.is_empty()).collect();
        format!("{}: {}.", one_line(&line.label), says.join(", "))
    };
    let rest = [title].into_iter().chain(gone).map(|text| format!("{text}."));
    [one_line(&card.says)].into_iter().chain(rest).chain(card.lines.iter().map(fact)).collect()
}

/// The glyph of a part and its colour.
fn glyph(part: Part, style: Style) -> (char, Ansi) {
    let (fine, plain, colour) = match part {
        Part::First => ('█', '#', AnsiColor::Green.on_default()),
        Part::Second => ('▓', '=', AnsiColor::Cyan.on_default()),
        Part::Expected => ('░', '+', AnsiColor::Yellow.on_default()),
        Part::Lacking => ('·', '.', Ansi::new().dimmed()),
        Part::Sum => ('=', '=', Ansi::new().bold()),
    };
    (if style.ascii { plain } else { fine }, colour)
}

/// Where an amount lies on the bar.
fn place(units: i128, whole: i128) -> i128 {
    if whole <= 0 { 0 } else { (units.max(0) * CELLS + whole / 2) / whole }
}

fn bar(gauge: &Gauge, out: &mut impl Write, style: Style) -> io::Result<()> {
    let (mut sum, mut drawn) = (0, 0);
    write!(out, "{INDENT}")?;
    let mut draw = |part: Part, until: i128, out: &mut dyn Write| -> io::Result<()> {
        let (glyph, colour) = glyph(part, style);
        let cells = usize::try_from(until.min(CELLS) - drawn).unwrap_or(0);
        drawn = drawn.max(until.min(CELLS));
        if cells > 0 { write!(out, "{colour}{}{colour:#}", glyph.to_string().repeat(cells)) } else { Ok(()) }
    };
    for (part, units) in &gauge.parts {
        sum += units;
        draw(*part, place(sum, gauge.whole), out)?;
    }
    draw(Part::Lacking, CELLS, out)?;
    // What is beyond the whole has no room on it.
    let beyond = if sum > gauge.whole { if style.ascii { ">" } else { "▶" } } else { " " };
    writeln!(out, "{beyond}  {}", ascii(&gauge.says, style))?;
    if let Some((at, says)) = &gauge.mark {
        let column = usize::try_from(place(*at, gauge.whole).min(CELLS - 1)).unwrap_or(0);
        writeln!(out, "{INDENT}{}{} {}", " ".repeat(column), if style.ascii { "^" } else { "▲" }, ascii(says, style))?;
    }
    Ok(())
}

fn lines(lines: &[CardLine], out: &mut impl Write, style: Style) -> io::Result<()> {
    let amount = |line: &CardLine| line.amount.map(|amount| grouped(&amount.to_string())).unwrap_or_default();
    let wide = lines.iter().map(|line| one_line(&line.label).width()).max().unwrap_or(0);
    let right = lines.iter().map(|line| amount(line).len()).max().unwrap_or(0);
    for line in lines {
        write!(out, "{INDENT}")?;
        match line.part.map(|part| glyph(part, style)) {
            Some((glyph, colour)) => write!(out, "{colour}{glyph}{colour:#} ")?,
            None => write!(out, "  ")?,
        }
        let pad = " ".repeat(wide - one_line(&line.label).width());
        let label = ascii(&one_line(&line.label), style);
        let text = format!("{label}{pad}  {:>right$}  {}", amount(line), ascii(&one_line(&line.remark), style));
        writeln!(out, "{}", text.trim_end())?;
    }
    Ok(())
}
