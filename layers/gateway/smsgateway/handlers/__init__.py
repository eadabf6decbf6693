"""What Lambda calls, a module a function.

They are in the layer, and a function's own app.py only leads here, for two reasons. An update on AWS changes a
function's layers and its code one after the other, and calls in between meet the one without the other. While app.py
stays as it is, byte for byte, the layers are all that an update changes. And what is in the layer has its bytecode.
"""
