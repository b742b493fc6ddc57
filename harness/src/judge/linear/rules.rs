//! The rules that make the search shorter, each of which can be left out.
//!
//! Used by `wgl` and what belongs to it. Users judge by all rules; a test leaves out each in turn,
//! and wants the same judgement: a rule may cost time if it is missing, never an order if it is
//! there. Why each is right stands where it is.
//!
//! | rule | where | what is not tried |
//! |---|---|---|
//! | `Reads` | `wgl` | anything else where something that only reads is legal |
//! | `Traceless` | `reads` | anything else where something leaves no trace |
//! | `Changes` | `wgl` | what need not be placed, where it does nothing |
//! | `Needless` | `wgl` | right after what need not be placed, what would lead as far without it |
//! | `Twins` | `twins` | one of two equals before that which returned first |
//! | `Returned` | `pending` | a pending operation where one that returned does the same |
//! | `Weaker` | `pending` | a pending operation where a weaker one does the same |
//! | `Hidden` | `hidden` | writes that nobody reads |
//! | `Within` | `cache` | what has used up more than a configuration that was visited |
//! | `Lost` | `reads` | configurations from where some read cannot be explained |
//! | `Stay` | `stay` | states that something must change too early |
//! | `Forgotten` | `reads` | states that no read to come tells apart, each by itself |
//!
//! Why no order is lost: the last three leave out only what leads nowhere, or is the same. The
//! others leave out an order only where there is a better one, and as there are finitely many, the
//! best of all is found. An order is better if fewer operations stand in it that need not: those
//! that never returned and those that can be hidden; of two with as many of them, the one that
//! at the first difference has something that only reads or leaves no trace, else what returned
//! earlier, else the weaker one of two that never returned. Take an order in which the search
//! would place next what a rule leaves out:
//!
//! - `Reads`, `Traceless`: what is legal now and changes nothing, or nothing that is ever read,
//!   can be moved to here. It is legal, and so is all that stood before it; it was called before
//!   the first return that is missing, so everything that must come before it has; and it was
//!   not called after the kill of anything that may have to come first. The order becomes better.
//! - `Changes`, `Needless`: the same without what need not stand there is legal, and better.
//!   Nothing else rests on it: either it covers nothing, or it is not placed at all and what it
//!   would have covered can be placed before it, or what comes next covers the same.
//! - `Twins`, `Returned`, `Weaker`: the two change places, or the other one stands there alone.
//!   At the later place the first does what the other did there, and in time: it ends no earlier.
//!   The other one was not called after the kill of anything that may have to come between.
//! - `Hidden`: the order is the same, told later; its module says where the entry stands.
//! - `Within`: what leads on from the configuration leads on from the other as well.
//!
//! `Needless` looks back to the configuration before, which others like this one may not have come
//! from: so what it leaves out must be in vain whatever came before. It is not asked where
//! something was hidden in between, which may have needed the cover. `Twins` is right only where both can be hidden, or the one that
//! returned first cannot: one that can be hidden need not come at all.

/// A rule that makes the search shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the table above says it")]
pub enum Rule {
    Reads,
    Traceless,
    Changes,
    Needless,
    Twins,
    Returned,
    Weaker,
    Hidden,
    Within,
    Lost,
    Stay,
    Forgotten,
}

impl Rule {
    /// All of them.
    pub const ALL: [Rule; 12] = [
        Rule::Reads,
        Rule::Traceless,
        Rule::Changes,
        Rule::Needless,
        Rule::Twins,
        Rule::Returned,
        Rule::Weaker,
        Rule::Hidden,
        Rule::Within,
        Rule::Lost,
        Rule::Stay,
        Rule::Forgotten,
    ];
}

/// The rules by which a search goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// A bit for each that is left out.
    out: u16,
}

impl Rules {
    /// All rules.
    pub const ALL: Rules = Rules { out: 0 };

    /// No rule: Wing, Gong and Lowe alone.
    pub const NONE: Rules = Rules { out: u16::MAX };

    /// These without one.
    #[must_use]
    pub fn without(self, rule: Rule) -> Rules {
        Rules { out: self.out | 1 << rule as u16 }
    }

    /// Whether a search goes by `rule`.
    pub(super) fn has(self, rule: Rule) -> bool {
        self.out & 1 << rule as u16 == 0
    }
}
