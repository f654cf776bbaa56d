//! What the demo's sellers sell. Every simulated marketplace offers the same goods under the
//! same seller SKUs, so that one shelf has somewhere to fan out to.

use Kind::{
    Audio, Backpack, Bottle, Cable, Case, Cookware, Lamp, Memory, Organizer, Peripheral, Puzzle, Stand, Toy,
    Vase,
};

/// What a product is; each marketplace has a category of its own for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Vacuum flasks.
    Bottle,
    /// Drawer organizers.
    Organizer,
    /// Lamps.
    Lamp,
    /// Vases and pots.
    Vase,
    /// Telephone stands.
    Stand,
    /// Cables.
    Cable,
    /// Mice, keyboards, cameras.
    Peripheral,
    /// Earphones and loudspeakers.
    Audio,
    /// Backpacks.
    Backpack,
    /// Figures and dice.
    Toy,
    /// Jigsaw puzzles.
    Puzzle,
    /// Telephone cases.
    Case,
    /// Pots and pans.
    Cookware,
    /// Pen drives.
    Memory,
}

/// One of the two shops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seller {
    /// Casa do Treco 3D.
    CasaDoTreco,
    /// Ateliê da Serra.
    AtelieDaSerra,
}

impl Seller {
    /// The shop's name as customers see it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CasaDoTreco => "Casa do Treco 3D",
            Self::AtelieDaSerra => "Ateliê da Serra",
        }
    }
}

/// A version of a product that is stocked by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variant {
    /// What is stocked.
    pub sku: &'static str,
    /// What tells it from its siblings, mostly a colour; empty when it has none.
    pub option: &'static str,
    /// Units in the beginning.
    pub units: i64,
}

/// A product of one shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Product {
    /// Whose.
    pub seller: Seller,
    /// The title.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// The price in centavos.
    pub centavos: i64,
    /// What is stocked; one without an option when there is nothing to choose.
    pub variants: &'static [Variant],
}

const fn variant(sku: &'static str, option: &'static str, units: i64) -> Variant {
    Variant { sku, option, units }
}

const fn casa(name: &'static str, kind: Kind, centavos: i64, variants: &'static [Variant]) -> Product {
    Product { seller: Seller::CasaDoTreco, name, kind, centavos, variants }
}

const fn serra(name: &'static str, kind: Kind, centavos: i64, variants: &'static [Variant]) -> Product {
    Product { seller: Seller::AtelieDaSerra, name, kind, centavos, variants }
}

/// Everything that is sold. SKUs repeat across the shops on purpose.
pub const PRODUCTS: [Product; 26] = [
    casa("Garrafa Térmica Inox 500ml Parede Dupla", Bottle, 8_990, &[variant("CAN-INOX-500", "", 40)]),
    casa("Garrafa Térmica Inox 1 Litro Preta", Bottle, 12_990, &[variant("CAN-INOX-1L-PT", "", 25)]),
    casa("Organizador de Gaveta 6 Divisórias Talheres", Organizer, 4_590, &[variant("ORG-GAV-6", "", 60)]),
    casa("Organizador de Gaveta Modular Impresso em 3D", Organizer, 3_490, &[variant("ORG-3D-MOD", "", 18)]),
    casa("Luminária de Mesa Articulada LED USB", Lamp, 11_900, &[variant("LUM-LED-ART", "", 22)]),
    casa("Luminária Lua 3D Recarregável 15cm", Lamp, 7_990, &[variant("LUM-LUA-15", "", 30)]),
    casa("Vaso Decorativo Geométrico para Suculentas", Vase, 2_990, &[variant("VASO-GEO-P", "", 75)]),
    casa("Kit 3 Vasos Decorativos Minimalistas", Vase, 6_490, &[variant("VASO-KIT-3", "", 20)]),
    casa("Suporte de Celular para Mesa Articulado", Stand, 3_990, &[variant("SUP-CEL-ART", "", 90)]),
    casa("Cabo HDMI 2.1 8K 2 Metros", Cable, 5_490, &[variant("CAB-HDMI-2M", "", 120)]),
    casa("Mouse sem Fio Silencioso 1600 DPI", Peripheral, 4_990, &[variant("MOU-SF-1600", "", 55)]),
    casa("Teclado Mecânico Compacto ABNT2", Peripheral, 22_900, &[variant("TEC-MEC-60", "", 14)]),
    casa("Fone de Ouvido Bluetooth com Estojo", Audio, 9_900, &[variant("FON-BT-TWS", "", 33)]),
    casa("Mochila para Notebook Impermeável 25L", Backpack, 15_900, &[variant("MOC-NB-25", "", 16)]),
    casa("Dragão Articulado Impresso em 3D 30cm", Toy, 5_990, &[variant("DRA-3D-30", "", 12)]),
    casa("Quebra-Cabeça 1000 Peças Paisagem Mineira", Puzzle, 6_990, &[variant("QC-1000-MG", "", 28)]),
    casa("Dados de RPG Kit 7 Peças", Toy, 3_290, &[variant("RPG-DADOS-7", "", 3)]),
    casa("Webcam Full HD 1080p com Microfone", Peripheral, 13_900, &[variant("WEB-FHD", "", 0)]),
    casa(
        "Capa para Celular Silicone Anti Impacto",
        Case,
        2_990,
        &[
            variant("CAPA-SIL-PT", "Preto", 30),
            variant("CAPA-SIL-AZ", "Azul", 25),
            variant("CAPA-SIL-RS", "Rosa", 0),
        ],
    ),
    serra(
        "Garrafa Térmica Inox 500ml",
        Bottle,
        8_790,
        &[variant("CAN-INOX-500", "Prateado", 35), variant("CAN-INOX-500-AZ", "Azul", 20)],
    ),
    serra(
        "Suporte Articulado de Celular",
        Stand,
        3_890,
        &[variant("SUP-CEL-ART", "Preto", 70), variant("SUP-CEL-ART-BR", "Branco", 45)],
    ),
    serra("Vaso Geométrico para Suculentas", Vase, 2_890, &[variant("VASO-GEO-P", "", 50)]),
    serra("Dragão Articulado 30cm", Toy, 5_790, &[variant("DRA-3D-30", "", 8)]),
    serra("Jogo de Panelas Antiaderente 5 Peças", Cookware, 32_900, &[variant("PAN-JOGO-5", "", 10)]),
    serra("Caixa de Som Bluetooth Portátil 10W", Audio, 14_900, &[variant("CX-SOM-10W", "", 24)]),
    serra("Pen Drive 64GB USB 3.0", Memory, 4_690, &[variant("PEN-64", "", 80)]),
];

/// A person who buys: name, nine digits of a CPF, street, city, state, CEP. All are made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buyer {
    /// First and last name.
    pub name: &'static str,
    /// The first nine digits of the CPF.
    pub cpf_digits: u64,
    /// Street without number.
    pub street: &'static str,
    /// Quarter.
    pub quarter: &'static str,
    /// City.
    pub city: &'static str,
    /// The state's name.
    pub state: &'static str,
    /// Eight digits.
    pub zip: &'static str,
}

const fn buyer(
    name: &'static str,
    cpf_digits: u64,
    [street, quarter, city, state, zip]: [&'static str; 5],
) -> Buyer {
    Buyer { name, cpf_digits, street, quarter, city, state, zip }
}

/// People who buy on the marketplaces that have no account of their own for them.
pub const BUYERS: [Buyer; 8] = [
    buyer(
        "Maria Teste",
        200_000_001,
        ["Rua das Palmeiras", "Santa Cecília", "São Paulo", "São Paulo", "01226010"],
    ),
    buyer(
        "João Exemplo",
        200_000_002,
        ["Rua da Bahia", "Centro", "Belo Horizonte", "Minas Gerais", "30160010"],
    ),
    buyer(
        "Ana Modelo",
        200_000_003,
        ["Avenida Atlântica", "Copacabana", "Rio de Janeiro", "Rio de Janeiro", "22010000"],
    ),
    buyer("Pedro Prova", 200_000_004, ["Rua XV de Novembro", "Centro", "Curitiba", "Paraná", "80020310"]),
    buyer(
        "Beatriz Amostra",
        200_000_005,
        ["Rua dos Andradas", "Centro Histórico", "Porto Alegre", "Rio Grande do Sul", "90020002"],
    ),
    buyer(
        "Rafael Ensaio",
        200_000_006,
        ["Avenida Sete de Setembro", "Vitória", "Salvador", "Bahia", "40060001"],
    ),
    buyer("Larissa Piloto", 200_000_007, ["Avenida Boa Viagem", "Pina", "Recife", "Pernambuco", "51011000"]),
    buyer(
        "Lucas Treino",
        200_000_008,
        ["Rua Felipe Schmidt", "Centro", "Florianópolis", "Santa Catarina", "88010001"],
    ),
];

/// A CPF with right check digits from its first nine digits.
#[must_use]
pub fn cpf(first_nine: u64) -> String {
    let mut digits: Vec<u64> =
        format!("{first_nine:09}").bytes().map(|byte| u64::from(byte - b'0')).collect();
    for _ in 0..2 {
        let weights = (2..).take(digits.len());
        let sum: u64 = digits.iter().rev().zip(weights).map(|(digit, weight)| digit * weight).sum();
        digits.push(sum * 10 % 11 % 10);
    }
    digits.iter().map(u64::to_string).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use domain::{ManualClock, Timestamp};

    use super::*;
    use crate::{Sandbox, SandboxConfig};

    fn skus() -> BTreeSet<String> {
        PRODUCTS.iter().flat_map(|product| product.variants).map(|variant| variant.sku.to_owned()).collect()
    }

    #[test]
    fn mercado_livre_offers_the_same_skus() {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_790_000_000_000)));
        let sandbox = Sandbox::new(SandboxConfig::new(clock));
        let state = sandbox.with_world(|world| serde_json::to_string(&world.items).unwrap());
        for sku in skus() {
            assert!(state.contains(&format!("\"{sku}\"")), "{sku}");
        }
    }

    #[test]
    fn some_sku_is_sold_by_both_shops() {
        let of = |seller: Seller| {
            PRODUCTS
                .iter()
                .filter(move |product| product.seller == seller)
                .flat_map(|product| product.variants)
                .map(|variant| variant.sku)
                .collect::<BTreeSet<_>>()
        };
        let shared: Vec<_> =
            of(Seller::CasaDoTreco).intersection(&of(Seller::AtelieDaSerra)).copied().collect();
        assert_eq!(shared, ["CAN-INOX-500", "DRA-3D-30", "SUP-CEL-ART", "VASO-GEO-P"]);
    }

    #[test]
    fn a_cpf_has_its_check_digits() {
        // The widely published example number.
        assert_eq!(cpf(111_444_777), "11144477735");
    }
}
