"""accepting"""
