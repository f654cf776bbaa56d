//! The category tree of the simulated Brazilian site: seven roots, thirty leaves.

/// Attribute sets that a leaf may add to the common one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeSet {
    /// Colour as a variation axis.
    Color,
    /// Size and gender, with a size chart demanded: clothes and shoes.
    Fashion,
    /// Memory, colour, homologation number.
    Phone,
    /// What a phone accessory fits.
    PhoneAccessory,
    /// Processor, memory, screen.
    Computer,
    /// Voltage and power.
    Electric,
    /// Material of the product.
    Material,
    /// Diameter, weight and material of a printer filament.
    Filament,
    /// Recommended age.
    Toy,
}

/// One category: a root when `parent` is `None`, a leaf when `domain` is set.
#[derive(Debug, Clone, Copy)]
pub struct Category {
    /// `MLB` and digits.
    pub id: &'static str,
    /// Name in Portuguese.
    pub name: &'static str,
    /// The category above it.
    pub parent: Option<&'static str>,
    /// Domain id and name; leaves only.
    pub domain: Option<(&'static str, &'static str)>,
    /// Words that make the predictor propose it (lower case, without accents).
    pub words: &'static str,
    /// Attribute sets beyond the common one.
    pub sets: &'static [AttributeSet],
    /// Most variations a listing may have.
    pub max_variations: u64,
    /// Lowest price, in cents.
    pub minimum_price: i64,
    /// Seller's fee of the classic listing type, in tenths of a percent.
    pub fee_permille: i64,
}

const fn branch(id: &'static str, name: &'static str, parent: Option<&'static str>) -> Category {
    Category {
        id,
        name,
        parent,
        domain: None,
        words: "",
        sets: &[],
        max_variations: 0,
        minimum_price: 0,
        fee_permille: 0,
    }
}

const fn leaf(
    id: &'static str,
    name: &'static str,
    parent: &'static str,
    domain: (&'static str, &'static str),
    words: &'static str,
    sets: &'static [AttributeSet],
    fee_permille: i64,
) -> Category {
    Category {
        id,
        name,
        parent: Some(parent),
        domain: Some(domain),
        words,
        sets,
        max_variations: 100,
        minimum_price: 600,
        fee_permille,
    }
}

const fn wide(leaf: Category) -> Category {
    Category { max_variations: 250, ..leaf }
}

use AttributeSet::{Color, Computer, Electric, Fashion, Filament, Material, Phone, PhoneAccessory, Toy};

/// The whole tree, parents before their children.
pub const CATEGORIES: &[Category] = &[
    branch("MLB1051", "Celulares e Telefones", None),
    branch("MLB1648", "Informática", None),
    branch("MLB1000", "Eletrônicos, Áudio e Vídeo", None),
    branch("MLB1430", "Calçados, Roupas e Bolsas", None),
    branch("MLB1574", "Casa, Móveis e Decoração", None),
    branch("MLB1132", "Brinquedos e Hobbies", None),
    branch("MLB1953", "Mais Categorias", None),
    branch("MLB3813", "Acessórios para Celulares", Some("MLB1051")),
    branch("MLB1700", "Periféricos para PC", Some("MLB1648")),
    branch("MLB1592", "Cozinha e Mesa", Some("MLB1574")),
    leaf(
        "MLB1055",
        "Celulares e Smartphones",
        "MLB1051",
        ("MLB-CELLPHONES", "Celulares"),
        "celular smartphone iphone galaxy moto redmi 5g dual chip telefone",
        &[Phone],
        120,
    ),
    wide(leaf(
        "MLB27170",
        "Capas para Celular",
        "MLB3813",
        ("MLB-CELLPHONE_COVERS", "Capas para celulares"),
        "capa capinha case celular silicone protetora anti impacto",
        &[PhoneAccessory, Color, Material],
        140,
    )),
    wide(leaf(
        "MLB19620",
        "Películas para Celular",
        "MLB3813",
        ("MLB-CELLPHONE_SCREEN_PROTECTORS", "Películas para celulares"),
        "pelicula vidro temperado 3d 9d privacidade celular",
        &[PhoneAccessory],
        140,
    )),
    wide(leaf(
        "MLB5068",
        "Carregadores para Celular",
        "MLB3813",
        ("MLB-CELLPHONE_CHARGERS", "Carregadores de celulares"),
        "carregador tomada turbo usb c fonte 20w 30w celular",
        &[PhoneAccessory, Electric],
        140,
    )),
    wide(leaf(
        "MLB43771",
        "Suportes para Celular",
        "MLB3813",
        ("MLB-CELLPHONE_HOLDERS", "Suportes para celulares"),
        "suporte celular mesa veicular articulado tripe",
        &[PhoneAccessory, Color, Material],
        140,
    )),
    leaf(
        "MLB1652",
        "Notebooks",
        "MLB1648",
        ("MLB-NOTEBOOKS", "Notebooks"),
        "notebook laptop ultrabook i5 i7 ryzen ssd",
        &[Computer],
        110,
    ),
    leaf(
        "MLB1672",
        "Pen Drives",
        "MLB1648",
        ("MLB-USB_FLASH_DRIVES", "Pen drives"),
        "pendrive pen drive usb 64gb 128gb memoria",
        &[Color],
        125,
    ),
    leaf(
        "MLB45586",
        "Filamentos para Impressora 3D",
        "MLB1648",
        ("MLB-3D_PRINTER_FILAMENTS", "Filamentos para impressoras 3D"),
        "filamento impressora 3d pla abs petg 1kg 1.75mm",
        &[Filament, Color],
        125,
    ),
    leaf(
        "MLB12828",
        "Impressoras 3D",
        "MLB1648",
        ("MLB-3D_PRINTERS", "Impressoras 3D"),
        "impressora 3d fdm resina mesa aquecida",
        &[Electric],
        120,
    ),
    leaf(
        "MLB1714",
        "Mouses",
        "MLB1700",
        ("MLB-COMPUTER_MICE", "Mouses"),
        "mouse gamer sem fio optico rgb dpi",
        &[Color],
        125,
    ),
    leaf(
        "MLB1713",
        "Teclados",
        "MLB1700",
        ("MLB-COMPUTER_KEYBOARDS", "Teclados"),
        "teclado mecanico gamer abnt2 sem fio switch",
        &[Color],
        125,
    ),
    leaf(
        "MLB1717",
        "Webcams",
        "MLB1700",
        ("MLB-WEBCAMS", "Webcams"),
        "webcam camera full hd 1080p usb microfone",
        &[],
        125,
    ),
    leaf(
        "MLB3697",
        "Fones de Ouvido",
        "MLB1000",
        ("MLB-HEADPHONES", "Fones de ouvido"),
        "fone ouvido bluetooth headset headphone in ear sem fio tws",
        &[Color],
        130,
    ),
    leaf(
        "MLB3835",
        "Caixas de Som",
        "MLB1000",
        ("MLB-SPEAKERS", "Alto-falantes"),
        "caixa som bluetooth portatil alto falante",
        &[Color, Electric],
        130,
    ),
    leaf(
        "MLB1002",
        "Televisores",
        "MLB1000",
        ("MLB-TELEVISIONS", "Televisores"),
        "tv televisao smart 4k 50 polegadas led",
        &[Electric],
        110,
    ),
    leaf(
        "MLB7457",
        "Cabos de Áudio e Vídeo",
        "MLB1000",
        ("MLB-AUDIO_AND_VIDEO_CABLES_AND_ADAPTERS", "Cabos e adaptadores"),
        "cabo hdmi p2 adaptador audio video",
        &[],
        130,
    ),
    wide(leaf(
        "MLB31447",
        "Camisetas",
        "MLB1430",
        ("MLB-T_SHIRTS", "Camisetas"),
        "camiseta masculina feminina algodao basica estampada blusa",
        &[Fashion, Color],
        140,
    )),
    wide(leaf(
        "MLB23332",
        "Tênis",
        "MLB1430",
        ("MLB-SNEAKERS", "Tênis"),
        "tenis corrida casual masculino feminino academia",
        &[Fashion, Color],
        140,
    )),
    leaf(
        "MLB7022",
        "Mochilas",
        "MLB1430",
        ("MLB-BACKPACKS", "Mochilas"),
        "mochila notebook escolar impermeavel executiva bolsa",
        &[Color, Material],
        140,
    ),
    leaf(
        "MLB19394",
        "Jogos de Panelas",
        "MLB1592",
        ("MLB-COOKWARE_SETS", "Jogos de panelas"),
        "panela panelas jogo antiaderente ceramica frigideira",
        &[Color, Material],
        115,
    ),
    leaf(
        "MLB30988",
        "Garrafas Térmicas",
        "MLB1592",
        ("MLB-THERMAL_BOTTLES", "Garrafas térmicas"),
        "garrafa termica inox cafe squeeze copo",
        &[Color, Material],
        115,
    ),
    leaf(
        "MLB43757",
        "Organizadores de Gaveta",
        "MLB1592",
        ("MLB-DRAWER_ORGANIZERS", "Organizadores de gavetas"),
        "organizador gaveta divisoria talheres cozinha",
        &[Color, Material],
        115,
    ),
    leaf(
        "MLB1621",
        "Luminárias de Mesa",
        "MLB1574",
        ("MLB-TABLE_LAMPS", "Luminárias de mesa"),
        "luminaria mesa abajur led articulada luz",
        &[Color, Electric],
        115,
    ),
    leaf(
        "MLB1631",
        "Vasos Decorativos",
        "MLB1574",
        ("MLB-DECORATIVE_VASES", "Vasos decorativos"),
        "vaso decorativo planta suculenta cachepo geometrico",
        &[Color, Material],
        115,
    ),
    leaf(
        "MLB3422",
        "Bonecos e Figuras de Ação",
        "MLB1132",
        ("MLB-ACTION_FIGURES", "Figuras de ação"),
        "boneco figura acao miniatura colecionavel action figure dragao articulado",
        &[Toy, Material],
        135,
    ),
    leaf(
        "MLB19387",
        "Quebra-Cabeças",
        "MLB1132",
        ("MLB-PUZZLES", "Quebra-cabeças"),
        "quebra cabeca pecas puzzle cubo magico",
        &[Toy],
        135,
    ),
    leaf(
        "MLB2961",
        "Jogos de Tabuleiro",
        "MLB1132",
        ("MLB-BOARD_GAMES", "Jogos de tabuleiro e cartas"),
        "jogo tabuleiro cartas xadrez dados rpg",
        &[Toy],
        135,
    ),
    leaf(
        "MLB3530",
        "Outros",
        "MLB1953",
        ("MLB-UNCLASSIFIED_PRODUCTS", "Produtos não classificados"),
        "item teste nao ofertar outros",
        &[],
        120,
    ),
];

/// The category with this id.
#[must_use]
pub fn category(id: &str) -> Option<&'static Category> {
    CATEGORIES.iter().find(|category| category.id == id)
}

impl Category {
    /// Whether listings may be published here.
    #[must_use]
    pub const fn is_leaf(&self) -> bool {
        self.domain.is_some()
    }

    /// The categories right below it.
    pub fn children(&self) -> impl Iterator<Item = &'static Category> + use<> {
        let id = self.id;
        CATEGORIES.iter().filter(move |other| other.parent == Some(id))
    }

    /// From the root down to this category itself.
    #[must_use]
    pub fn path_from_root(&'static self) -> Vec<&'static Category> {
        let mut path = vec![self];
        while let Some(parent) = path.last().and_then(|last| last.parent).and_then(category) {
            path.push(parent);
        }
        path.reverse();
        path
    }

    /// Leaves at or below this category.
    #[must_use]
    pub fn leaves(&'static self) -> Vec<&'static Category> {
        if self.is_leaf() {
            return vec![self];
        }
        self.children().flat_map(Self::leaves).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_id_is_unique_and_every_parent_is_known() {
        let ids: BTreeSet<_> = CATEGORIES.iter().map(|category| category.id).collect();
        assert_eq!(ids.len(), CATEGORIES.len());
        for category in CATEGORIES {
            assert!(category.parent.is_none_or(|parent| ids.contains(parent)), "{}", category.id);
        }
    }

    #[test]
    fn every_branch_leads_to_a_leaf() {
        for category in CATEGORIES {
            assert!(!category.leaves().is_empty(), "{}", category.id);
        }
    }

    #[test]
    fn a_path_runs_from_the_root_to_the_category_itself() {
        let path: Vec<_> = category("MLB5068").unwrap().path_from_root().iter().map(|step| step.id).collect();
        assert_eq!(path, ["MLB1051", "MLB3813", "MLB5068"]);
    }
}
