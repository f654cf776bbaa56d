//! The envelope of every answer (fact sheet §4): success is an empty `error`, whatever the
//! HTTP status. The `request_id` is put in when an answer leaves.

use http::StatusCode;
use serde_json::{Value, json};

use crate::reply::{Answer, Reply};

/// A good answer with its content under `response`.
pub(crate) fn ok(response: Value) -> Answer {
    warned(response, json!(""))
}

/// A good answer that says in `warning` what was lost.
#[expect(clippy::unnecessary_wraps, reason = "handlers end with it, and may refuse before")]
pub(crate) fn warned(response: Value, warning: Value) -> Answer {
    let mut body = json!({"error": "", "message": ""});
    body["warning"] = warning;
    body["response"] = response;
    Ok(Reply::ok(body))
}

/// A good answer without content.
#[expect(clippy::unnecessary_wraps, reason = "handlers end with it, and may refuse before")]
pub(crate) fn bare() -> Answer {
    Ok(Reply::ok(json!({"error": "", "message": ""})))
}

/// A good answer whose fields stand beside `error`, as the older modules have it.
#[expect(clippy::unnecessary_wraps, reason = "handlers end with it, and may refuse before")]
pub(crate) fn flat(mut fields: Value) -> Answer {
    fields["error"] = json!("");
    fields["message"] = json!("");
    Ok(Reply::ok(fields))
}

/// A refusal inside a good HTTP answer.
pub(crate) fn refuse(code: &str, message: &str) -> Reply {
    refuse_with(StatusCode::OK, code, message)
}

/// A refusal with an HTTP status of its own.
pub(crate) fn refuse_with(status: StatusCode, code: &str, message: &str) -> Reply {
    Reply::json(status, json!({"error": code, "message": message}))
}

/// A refusal of parameters.
pub(crate) fn wrong_parameters(detail: &str) -> Reply {
    refuse("error_param", &format!("Wrong parameters, detail: {detail}"))
}

/// The answer of a batch: each row is judged by itself, and only a batch in which every row
/// failed is an error (`common.batch_api_all_failed`).
pub(crate) fn batch(rows: &[Value]) -> Answer {
    let failed: Vec<&Value> = rows.iter().filter(|row| !row["fail_error"].is_null()).collect();
    if !rows.is_empty() && failed.len() == rows.len() {
        let mut reply =
            refuse("common.batch_api_all_failed", "Failed, please check result_list for more details.");
        if let crate::reply::Body::Json(body) = &mut reply.body {
            body["response"] = json!({"result_list": rows});
        }
        return Err(reply);
    }
    let name = |row: &&Value| json!({"order_sn": row["order_sn"], "package_number": row["package_number"]});
    let warning = if failed.is_empty() { json!("") } else { failed.iter().map(name).collect() };
    warned(json!({"result_list": rows}), warning)
}

/// A row of a batch that failed.
pub(crate) fn failed_row(order_sn: &str, code: &str, message: &str) -> Value {
    json!({"order_sn": order_sn, "fail_error": code, "fail_message": message})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_an_error_only_when_every_row_failed() {
        let good = json!({"order_sn": "A", "status": "READY"});
        let bad = failed_row("B", "logistics.package_can_not_print", "The package can not print now.");
        let mixed = batch(&[good, bad.clone()]).unwrap();
        assert_eq!(mixed.document()["error"], "");
        assert_eq!(mixed.document()["warning"][0]["order_sn"], "B");
        let lost = batch(&[bad]).unwrap_err();
        assert_eq!(lost.document()["error"], "common.batch_api_all_failed");
        assert_eq!(lost.document()["response"]["result_list"][0]["order_sn"], "B");
    }
}
