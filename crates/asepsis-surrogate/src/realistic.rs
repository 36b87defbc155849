use asepsis_vocab::{Detail, IdentifierClass};

use crate::pool;

mod name;
mod number;

pub use name::realistic_parts;

/// An invented value of the same shape as `original`, made from 32 bytes of a cryptographic random generator.
///
/// It is nobody's: telephone and fax numbers lie in 555-0100 to 555-0199, which is kept for fiction; social security
/// numbers in 9xx, which is never issued, with a group that no taxpayer number has; mail addresses at the domains of
/// RFC 2606; names in pools of invented ones; other numbers are random in the format of the original and pass no Luhn
/// check.
///
/// `None` where the class or the shape has no safe surrogate of this kind: the caller takes a
/// [`placeholder`](crate::placeholder()). So it is for dates and ages, where a false value can mislead care, for places,
/// organisations, professions, URLs, IP addresses, biometrics and photographs, for names of more than ten words, and
/// for numbers too short to be told from others. Two originals can get the same surrogate; the caller keeps them apart,
/// by other random bytes or by a placeholder.
pub fn realistic(class: IdentifierClass, detail: Detail, original: &str, random: &[u8; 32]) -> Option<String> {
    use IdentifierClass as C;
    // A detail says where, when or whose birth: none of that has a realistic form.
    if detail != Detail::Unspecified || original.chars().count() > crate::issued::MAX_LITERAL {
        return None;
    }
    let mut random = Random::new(random);
    let made = match class {
        C::Name => name::realistic(original, &mut random),
        C::Phone | C::Fax => number::phone(original, &mut random),
        C::Ssn => number::ssn(original, &mut random),
        C::Email => email(original, &mut random),
        C::Mrn | C::HealthPlan | C::Account | C::License | C::Vehicle | C::Device | C::Id => {
            number::same_format(original, &mut random)
        }
        C::Location | C::Date | C::Age | C::Url | C::Ip | C::Biometric | C::Photo | C::Org | C::Profession => None,
    }?;
    (!made.eq_ignore_ascii_case(original)).then_some(made)
}

fn email(original: &str, random: &mut Random) -> Option<String> {
    if !original.contains('@') {
        return None;
    }
    let given = random.choose(pool::given()).to_ascii_lowercase();
    let family = random.choose(pool::family()).to_ascii_lowercase();
    let domain = random.choose(&["example.org", "example.net", "example.com"]);
    Some(format!("{given}.{family}{}@{domain}", random.below(90) + 10))
}

/// Random choices out of the caller's 32 bytes, stretched by a generator that need not be strong: the vault, not the
/// surrogate, keeps what it stands for, and every choice still depends on 256 random bits.
struct Random {
    state: [u64; 4],
}

impl Random {
    fn new(seed: &[u8; 32]) -> Self {
        let mut state = [0; 4];
        for (word, bytes) in state.iter_mut().zip(seed.chunks_exact(8)) {
            *word = u64::from_le_bytes(bytes.try_into().expect("chunks of eight bytes"));
        }
        if state == [0; 4] {
            // The one state that the generator never leaves.
            state[0] = 1;
        }
        let mut random = Self { state };
        // Let the bits of a poor seed reach all words.
        for _ in 0..16 {
            random.next();
        }
        random
    }

    /// xoshiro256** of Blackman and Vigna.
    fn next(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// A number from 0 up to `bound`, without it.
    fn below(&mut self, bound: u32) -> u32 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u32
    }

    fn choose<'c>(&mut self, from: &[&'c str]) -> &'c str {
        from[self.below(from.len() as u32) as usize]
    }
}
