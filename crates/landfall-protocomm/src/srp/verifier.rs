use subtle::ConstantTimeEq;

use super::formulas::{HASH, pad};
use crate::field::{BYTES, FieldElement, digit};

/// A verifier's powers, worked out once: with them v^u costs a quarter of the squarings, or a third on small chips.
///
/// 3 KB on machines with words of 32 bits and 6 KB on others: keep it in a static or in a box. It is wiped when dropped.
pub struct VerifierTable {
    /// At index i - 1 the product of v^(2^(128 j)) over the bits j that are set in i.
    powers: [FieldElement; (1 << TEETH) - 1],
}

impl VerifierTable {
    /// Takes the verifier, 1 to 384 bytes big-endian, with or without leading zero bytes.
    ///
    /// # Errors
    /// [`InvalidVerifier`] if it is longer, or not between 2 and N - 1.
    pub fn new(verifier: &[u8]) -> Result<Self, InvalidVerifier> {
        Ok(Self::of(checked(verifier)?))
    }

    /// v.
    pub(crate) fn verifier(&self) -> &FieldElement {
        let [verifier, ..] = &self.powers;
        verifier
    }

    /// Writes v^exponent, column by column of the comb.
    ///
    /// The exponent is public (u, a hash of what travelled), so that digits of zero are skipped and powers are picked
    /// by index; the powers themselves are multiplied in constant time.
    #[inline(never)]
    pub(crate) fn pow(&self, exponent: &[u8; HASH], power: &mut [u8; BYTES]) {
        let mut result = FieldElement::ONE;
        for column in (0..COLUMNS).rev() {
            result.square();
            if let Some(factor) = digit(exponent, column, COLUMNS, TEETH)
                .checked_sub(1)
                .and_then(|index| self.powers.get(usize::from(index)))
            {
                result.mul_assign(factor);
            }
        }
        result.write(power);
    }

    const BLANK: Self = Self {
        powers: [FieldElement::ZERO; _],
    };

    /// Apart from [`Self::new`], so that the table is made where it stays: a copy would be as much again of stack.
    #[inline(never)]
    fn of(verifier: FieldElement) -> Self {
        let mut table = Self::BLANK;
        FieldElement::comb(verifier, COLUMNS, &mut table.powers);
        table
    }
}

/// Salt and verifier of a device's one user.
#[derive(Clone, Copy)]
pub struct Verifier<'a> {
    salt: &'a [u8],
    table: &'a VerifierTable,
}

impl<'a> Verifier<'a> {
    /// A salt is no longer than this, so that the answer that carries it has a bounded length; tools make 16 bytes.
    pub const MAX_SALT: usize = 64;

    /// Joins the salt, 1 to 64 bytes, and the table of the verifier that was made with it.
    ///
    /// # Errors
    /// [`InvalidVerifier`] if the salt is empty or too long, or if it begins with a zero byte: known clients drop that
    /// byte, so that no proof of theirs would ever be right (spec protocol.md 6.2).
    pub fn new(salt: &'a [u8], table: &'a VerifierTable) -> Result<Self, InvalidVerifier> {
        match salt {
            [] => Err(InvalidVerifier("the salt is empty")),
            [0, ..] => Err(InvalidVerifier(
                "the salt begins with a zero byte, which known clients drop: make new credentials",
            )),
            _ if salt.len() > Self::MAX_SALT => Err(InvalidVerifier("the salt is longer than 64 bytes")),
            _ => Ok(Self { salt, table }),
        }
    }

    /// The salt.
    pub fn salt(&self) -> &'a [u8] {
        self.salt
    }

    /// The verifier's powers.
    pub(super) fn table(&self) -> &'a VerifierTable {
        self.table
    }
}

/// A salt or verifier that cannot be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("bad salt or verifier: {0}")]
pub struct InvalidVerifier(&'static str);

/// The exponent's bits are dealt to so many teeth.
///
/// Four rather than three double the memory, and save a quarter of the squarings and a fifth of the products. Where
/// there is little memory, all that is worked out between two messages takes 14 percent longer with three.
const TEETH: usize = if cfg!(target_pointer_width = "64") { 4 } else { 3 };

/// Bits of the exponent for each tooth.
const COLUMNS: usize = (HASH * 8).div_ceil(TEETH);

#[inline(never)]
fn checked(verifier: &[u8]) -> Result<FieldElement, InvalidVerifier> {
    let bytes = pad(verifier).ok_or(InvalidVerifier("the verifier is longer than 384 bytes"))?;
    let verifier = FieldElement::from_bytes(&bytes);
    if !bool::from(verifier.to_bytes().ct_eq(&bytes)) {
        return Err(InvalidVerifier("the verifier is not below the modulus"));
    }
    if verifier.is_zero() || verifier.is_one() {
        return Err(InvalidVerifier("the verifier is 0 or 1"));
    }
    Ok(verifier)
}
