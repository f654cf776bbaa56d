//! Shipping labels: a PDF with a page per parcel, or ZPL in a zip.

use super::World;
use super::shipment::Shipment;
use crate::pdf;
use crate::zip;

/// The lines printed on a label.
fn lines(world: &World, shipment: &Shipment) -> Vec<String> {
    let mut lines = vec![
        "MERCADO ENVIOS (SIMULADO)".to_owned(),
        format!("Envio {}", shipment.id),
        format!("Rastreio {}", shipment.tracking_number),
    ];
    if let Some(pack) = shipment.pack_id {
        lines.push(format!("Pacote {pack}"));
    }
    if let Some(seller) = world.users.get(&shipment.seller_id) {
        lines.push(format!("Remetente: {}", seller.nickname));
    }
    if let Some(buyer) = world.users.get(&shipment.buyer_id) {
        let address = &buyer.address;
        lines.push(format!("Para: {} {}", buyer.first_name, buyer.last_name));
        lines.push(format!("{}, {} - {}", address.street, address.number, address.neighborhood));
        lines.push(format!("{} - {}  CEP {}", address.city, address.state, address.zip));
    }
    let orders = shipment.order_ids.iter().filter_map(|id| world.orders.get(id));
    lines.extend(
        orders
            .map(|order| format!("{} x {}", order.quantity, order.sku.as_deref().unwrap_or(&order.item_id))),
    );
    lines
}

/// One PDF with a 10 × 15 cm page for each shipment.
pub(crate) fn pdf(world: &World, shipments: &[&Shipment]) -> Vec<u8> {
    let pages: Vec<_> = shipments.iter().map(|shipment| lines(world, shipment)).collect();
    pdf::document(&pages)
}

/// A zip holding `Etiqueta de envio.txt` with the ZPL of all shipments.
pub(crate) fn zpl_archive(world: &World, shipments: &[&Shipment]) -> Vec<u8> {
    let zpl: String = shipments.iter().map(|shipment| zpl(&lines(world, shipment), shipment.id)).collect();
    zip::stored("Etiqueta de envio.txt", zpl.as_bytes())
}

fn zpl(lines: &[String], id: i64) -> String {
    // 203 dpi: 40 dots between lines, the bar code below the last one.
    let fields = lines
        .iter()
        .enumerate()
        .map(|(row, line)| {
            format!("^FO40,{}^A0N,30,30^FD{}^FS\n", 40 + row * 40, line.replace(['^', '~'], " "))
        })
        .collect::<Vec<_>>()
        .concat();
    format!("^XA\n^CI28\n{fields}^FO40,{}^BY3^BCN,120,Y,N,N^FD{id}^FS\n^XZ\n", 60 + lines.len() * 40)
}
