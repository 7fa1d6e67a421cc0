"""The documents of the other inventory mutations, as an app would send them."""

from __future__ import annotations

GROUP = """inventoryAdjustmentGroup {
      reason referenceDocumentUri changes { name delta ledgerDocumentUri item { id } location { id } }
    }"""

SET = f"""mutation Set($input: InventorySetQuantitiesInput!, $key: String!) {{
  inventorySetQuantities(input: $input) @idempotent(key: $key) {{
    {GROUP}
    userErrors {{ field message code }}
  }}
}}"""

SET_ON_HAND = f"""mutation SetOnHand($input: InventorySetOnHandQuantitiesInput!, $key: String!) {{
  inventorySetOnHandQuantities(input: $input) @idempotent(key: $key) {{
    {GROUP}
    userErrors {{ field message code }}
  }}
}}"""

MOVE = f"""mutation Move($input: InventoryMoveQuantitiesInput!, $key: String!) {{
  inventoryMoveQuantities(input: $input) @idempotent(key: $key) {{
    {GROUP}
    userErrors {{ field message code }}
  }}
}}"""

ACTIVATE = """mutation Activate($item: ID!, $location: ID!, $available: Int, $onHand: Int, $key: String!) {
  inventoryActivate(inventoryItemId: $item, locationId: $location, available: $available, onHand: $onHand)
      @idempotent(key: $key) {
    inventoryLevel { id quantities(names: ["available", "on_hand"]) { name quantity } }
    userErrors { field message }
  }
}"""

DEACTIVATE = """mutation Deactivate($level: ID!) {
  inventoryDeactivate(inventoryLevelId: $level) { userErrors { field message } }
}"""

TOGGLE = """mutation Toggle($item: ID!, $updates: [InventoryBulkToggleActivationInput!]!) {
  inventoryBulkToggleActivation(inventoryItemId: $item, inventoryItemUpdates: $updates) {
    inventoryItem { id }
    inventoryLevels { id }
    userErrors { field message code }
  }
}"""

UPDATE_ITEM = """mutation Update($id: ID!, $input: InventoryItemInput!) {
  inventoryItemUpdate(id: $id, input: $input) { inventoryItem { id sku tracked } userErrors { field message } }
}"""
