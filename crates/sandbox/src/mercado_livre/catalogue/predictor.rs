//! Which category a title belongs to: shared words, nothing cleverer.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::attributes::attributes_of;
use super::data::{CATEGORIES, Category};

/// Most proposals of one answer.
pub const MAX_LIMIT: usize = 8;
/// Proposals when the caller asks for no number.
pub const DEFAULT_LIMIT: usize = 4;

/// Lower case without Portuguese accents.
fn plain(text: &str) -> String {
    text.chars()
        .flat_map(char::to_lowercase)
        .map(|letter| match letter {
            'á' | 'à' | 'â' | 'ã' => 'a',
            'é' | 'ê' => 'e',
            'í' => 'i',
            'ó' | 'ô' | 'õ' => 'o',
            'ú' | 'ü' => 'u',
            'ç' => 'c',
            other => other,
        })
        .collect()
}

fn words(text: &str) -> BTreeSet<String> {
    plain(text)
        .split(|letter: char| !letter.is_alphanumeric() && letter != '.')
        .filter(|word| word.len() > 1)
        .map(stem)
        .collect()
}

/// Plurals and singulars alike: `celulares` and `celular`, `fones` and `fone`.
fn stem(word: &str) -> String {
    let endings = ["es", "s", "e"];
    endings.iter().find_map(|ending| word.strip_suffix(ending)).unwrap_or(word).to_owned()
}

/// Words the title shares with the category; its name counts double.
fn score(title: &BTreeSet<String>, category: &Category) -> usize {
    let name = category.domain.map_or_else(String::new, |(_, domain)| format!("{domain} {}", category.name));
    title.intersection(&words(category.words)).count() + 2 * title.intersection(&words(&name)).count()
}

/// The leaves that share words with `title`, best first; ties keep the tree's order.
#[must_use]
pub fn predict(title: &str, limit: usize) -> Vec<&'static Category> {
    let title = words(title);
    let mut ranked: Vec<(usize, &Category)> = CATEGORIES
        .iter()
        .filter(|category| category.is_leaf())
        .map(|category| (score(&title, category), category))
        .filter(|(score, _)| *score > 0)
        .collect();
    ranked.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    ranked.into_iter().take(limit.clamp(1, MAX_LIMIT)).map(|(_, category)| category).collect()
}

/// The answer of `domain_discovery/search`: with the brand when the title names a known one.
#[must_use]
pub fn domain_discovery(title: &str, limit: usize) -> Value {
    let said = words(title);
    predict(title, limit)
        .into_iter()
        .filter_map(|category| {
            let (domain_id, domain_name) = category.domain?;
            let attributes: Vec<Value> = attributes_of(category)
                .iter()
                .filter(|row| matches!(row.id, "BRAND" | "COLOR"))
                .filter_map(|row| {
                    let (id, name) = row.values.iter().find(|(_, name)| words(name).is_subset(&said))?;
                    Some(json!({"id": row.id, "name": row.name, "value_id": id, "value_name": name}))
                })
                .collect();
            Some(json!({
                "domain_id": domain_id,
                "domain_name": domain_name,
                "category_id": category.id,
                "category_name": category.name,
                "attributes": attributes,
            }))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_match_comes_first() {
        let first = |title: &str| predict(title, 4).first().map(|category| category.id);
        assert_eq!(first("Capinha de Celular Silicone Anti Impacto"), Some("MLB27170"));
        assert_eq!(first("Filamento PLA 1kg 1.75mm para Impressora 3D"), Some("MLB45586"));
        assert_eq!(first("Tênis de Corrida Masculino"), Some("MLB23332"));
        assert_eq!(first("xyzzy"), None);
    }

    #[test]
    fn the_limit_is_kept_within_one_and_eight() {
        assert_eq!(predict("celular carregador capa suporte pelicula", 2).len(), 2);
        assert_eq!(predict("celular carregador capa suporte pelicula", 0).len(), 1);
        assert!(
            predict("celular usb mesa led jogo caixa cabo vaso mouse teclado fone", 99).len() <= MAX_LIMIT
        );
    }

    #[test]
    fn a_known_brand_in_the_title_is_proposed_with_its_value_id() {
        let answer = domain_discovery("Celular Apple iPhone 15 Preto", 1);
        assert_eq!(answer[0]["domain_id"], "MLB-CELLPHONES");
        assert_eq!(answer[0]["attributes"][0]["value_id"], "9344");
        assert_eq!(answer[0]["attributes"][1]["value_name"], "Preto");
    }
}
