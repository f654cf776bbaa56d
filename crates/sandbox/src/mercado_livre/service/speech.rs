//! What the platform does not let people write to each other (fact sheet §10, §14).

/// Why a text is moderated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offence {
    /// An e-mail address or a phone number.
    PersonalData,
    /// A link to a social network.
    SocialNetworkLink,
    /// A shortened link.
    ShortLink,
    /// A payment link.
    PaymentLink,
    /// Abuse.
    Language,
}

impl Offence {
    /// The word in `message_moderation.reason`.
    #[must_use]
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::PersonalData => "PERSONAL_DATA",
            Self::SocialNetworkLink => "SOCIAL_NETWORK_LINK",
            Self::ShortLink => "LINK_SHORT_URL",
            Self::PaymentLink => "LINK_MERCADOPAGO",
            Self::Language => "OUT_OF_PLACE_LANGUAGE",
        }
    }
}

/// Digits in a row (dots, dashes, spaces and brackets between) that make a phone number.
const PHONE_DIGITS: usize = 10;

/// The first offence in `text`, if any.
#[must_use]
pub(super) fn offence(text: &str) -> Option<Offence> {
    let text = text.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&["bit.ly", "tinyurl", "goo.gl", "t.co/", "encurtador"]) {
        return Some(Offence::ShortLink);
    }
    if has(&["instagram", "facebook", "wa.me", "whatsapp", "t.me/", "tiktok"]) {
        return Some(Offence::SocialNetworkLink);
    }
    if has(&["mpago.la", "mercadopago.com", "link de pagamento"]) {
        return Some(Offence::PaymentLink);
    }
    if has(&["idiota", "imbecil", "otario", "otário"]) {
        return Some(Offence::Language);
    }
    (has_email(&text) || has_phone(&text)).then_some(Offence::PersonalData)
}

fn has_email(text: &str) -> bool {
    text.split_whitespace()
        .any(|word| word.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.')))
}

fn has_phone(text: &str) -> bool {
    let mut run = 0;
    for letter in text.chars() {
        match letter {
            '0'..='9' => run += 1,
            '-' | '.' | ' ' | '(' | ')' | '+' => {}
            _ => run = 0,
        }
        // Order and tracking numbers have more digits than any phone number.
        if run == PHONE_DIGITS && !is_long_number(text) {
            return true;
        }
    }
    false
}

fn is_long_number(text: &str) -> bool {
    text.split(|letter: char| !letter.is_ascii_digit()).any(|run| run.len() > 13)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contact_data_and_links_are_found() {
        let cases = [
            ("me chama no (11) 98765-4321", Offence::PersonalData),
            ("escreva para loja@exemplo.com", Offence::PersonalData),
            ("siga no Instagram", Offence::SocialNetworkLink),
            ("veja https://bit.ly/abc", Offence::ShortLink),
            ("pague por mpago.la/1x", Offence::PaymentLink),
        ];
        for (text, expected) in cases {
            assert_eq!(offence(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn ordinary_shop_talk_passes() {
        for text in
            ["Chega em 3 dias, medidas 10x20x30 cm", "Pedido 2000010000000001 enviado", "R$ 1.234,50 à vista"]
        {
            assert_eq!(offence(text), None, "{text}");
        }
    }
}
