//! Letters that look like ASCII letters, or that people write for them.
//!
//! More than [`aegis_disguise`] folds: there every letter that changes makes another credential, here words have to be known
//! again. Capitals are made small before, so that Russian and Greek, of which the lexicon has words, read the same in either
//! case.

use std::sync::LazyLock;

/// Per ASCII letter what is read as it: Latin with strokes and hooks, the phonetic alphabet, Greek, Cyrillic, Armenian,
/// Cherokee, Lisu, small capitals. A chosen part of Unicode's `confusables.txt` (UTS #39, section 4), and letters that
/// only resemble one.
const LOOKALIKES: [(u8, &str); 26] = [
    (b'a', "ɐɑαаᴀꓮ∂ꭺ"),
    (b'b', "ƀƃɓʙβвъьᏼꮟꓐ"),
    (b'c', "ƈȼɕϲсҫᴄꮯꓚ"),
    (b'd', "đɖɗδԁժᴅꭰꓓ"),
    (b'e', "ǝəɇɘɛεеєҽᴇꭼꓰ"),
    (b'f', "ƒɟϝғꓝꜰ"),
    (b'g', "ǥɠɡɢցꮐᏻꓖ"),
    (b'h', "ħɥɦʜнһհⱨꮋꓧ"),
    (b'i', "ıɨɩɪιіꭵꓲ"),
    (b'j', "ɉʝϳјյᴊꭻꓙ"),
    (b'k', "ƙʞκкқᴋꮶꓗ"),
    (b'l', "łƚɫɭʟӏᴌⱡꮮꓡ"),
    (b'm', "ɯɱмᴍꮇꓟ"),
    (b'n', "ŋƞɲɳɴηпոռᴎꓠ"),
    (b'o', "øɔɵοσςоөօᴏꓳ"),
    (b'p', "ƥρрᴘꮲꓑ"),
    (b'q', "ɋǫԛզ"),
    (b'r', "ɍɹɼɽɾʀгяᴙᴚꮢꭱꓣ"),
    (b's', "ʂʃѕꜱꮪꓢ"),
    (b't', "ŧƫƭʇʈτтᴛꭲꓔ"),
    (b'u', "ʉʊμυцսᴜꓴ"),
    (b'v', "ʋʌνѵᴠꮩꓦ"),
    (b'w', "ʍωшщԝաᴡꮃꮤꓪ"),
    (b'x', "χхӿꓫ"),
    (b'y', "ƴɏʎʏγуүꭹꓬ"),
    (b'z', "ƶʐʑζᴢꮓꓜ"),
];

/// What looks like letters, ready to be looked up.
#[derive(Debug)]
pub(crate) struct Lookalikes {
    /// By code from [`FIRST`] on, 0 for none: Latin, Greek, Cyrillic and Armenian are most of what is asked about.
    near: [u8; NEAR],
    /// Those behind, in order.
    far: Vec<(char, u8)>,
}

/// Where letters begin that are looked up by their code, and how many do.
const FIRST: u32 = 0xf8;
const NEAR: usize = 0x580 - FIRST as usize;

static TABLE: LazyLock<Lookalikes> = LazyLock::new(Lookalikes::new);

// === impl Lookalikes ===

impl Lookalikes {
    /// The table.
    pub(crate) fn get() -> &'static Lookalikes {
        &TABLE
    }

    fn new() -> Lookalikes {
        let mut table = Lookalikes { near: [0; NEAR], far: Vec::new() };
        for (letter, ascii) in LOOKALIKES.iter().flat_map(|(ascii, all)| all.chars().map(|one| (one, *ascii)))
        {
            match near(letter).and_then(|index| table.near.get_mut(index)) {
                Some(place) => *place = ascii,
                None => table.far.push((letter, ascii)),
            }
        }
        table.far.sort_unstable();
        table.far.shrink_to_fit();
        table
    }

    /// Bytes that it takes.
    pub(crate) fn size(&self) -> usize {
        NEAR + size_of::<(char, u8)>() * self.far.capacity()
    }

    /// The small ASCII letter that `small`, which is no capital, looks like.
    pub(crate) fn ascii(&self, small: char) -> Option<u8> {
        if let Some(ascii) = near(small).and_then(|index| self.near.get(index)) {
            return Some(*ascii).filter(|ascii| *ascii != 0);
        }
        // White on black, in circles and squares; Unicode has no decomposition for them.
        if let code @ (0x1f150..=0x1f169 | 0x1f170..=0x1f189) = u32::from(small) {
            return u8::try_from((code - 0x1f150) % 0x20).ok().map(|letter| b'a' + letter);
        }
        let index = self.far.binary_search_by_key(&small, |(letter, _)| *letter).ok()?;
        self.far.get(index).map(|(_, ascii)| *ascii)
    }
}

fn near(letter: char) -> Option<usize> {
    u32::from(letter).checked_sub(FIRST).map(|index| index as usize)
}

/// The letter that `sign`, of a currency, is written for inside a word.
pub(crate) fn currency(sign: char) -> Option<u8> {
    Some(match sign {
        '₳' => b'a',
        '฿' => b'b',
        '¢' | '₵' | '₡' => b'c',
        '₫' => b'd',
        '€' => b'e',
        '₣' => b'f',
        '₲' => b'g',
        '₭' => b'k',
        '£' | '₤' | '₺' => b'l',
        '₥' => b'm',
        '₦' => b'n',
        '₱' => b'p',
        '₴' => b's',
        '₮' => b't',
        '₩' => b'w',
        '¥' => b'y',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_a_small_letter_of_one_row() {
        let mut all: Vec<char> = LOOKALIKES.iter().flat_map(|(_, letters)| letters.chars()).collect();
        assert!(all.iter().all(|letter| letter.to_lowercase().eq([*letter])), "{all:?}");
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn they_read_as_words() {
        let read = |text: &str| -> String {
            let of = |letter: char| Lookalikes::get().ascii(letter).map_or(letter, char::from);
            text.chars().map(|letter| of(letter.to_lowercase().next().unwrap_or(letter))).collect()
        };
        for (text, reads) in [
            ("ɪɢɴᴏʀᴇ", "ignore"),
            ("ιαονρτυκ", "iaovptuk"),
            ("łøŧđħı", "lotdhi"),
            ("🅘🅖🅝🅰🆉", "ignaz"),
            ("ТОТ НЕ тот не", "tot he tot he"),
            ("é密жж한z", "é密жж한z"),
        ] {
            assert_eq!(read(text), reads);
        }
    }
}
