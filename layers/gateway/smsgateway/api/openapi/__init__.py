"""api/openapi"""
